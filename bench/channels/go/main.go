// SPDX-License-Identifier: MIT
// main.go - the peer in Go: ping-pong over two channels of capacity 1, the same with a timer on each receive, a stream.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

func pingPong(count int, receive func(<-chan int) int) float64 {
	forth, back, done := make(chan int, 1), make(chan int, 1), make(chan bool)
	start := harness.Clock()
	go func() {
		for i := 0; i < count; i++ {
			back <- receive(forth)
		}
	}()
	go func() {
		for i := 0; i < count; i++ {
			forth <- i
			receive(back)
		}
		done <- true
	}()
	<-done
	return float64(harness.Clock()-start) / float64(count)
}

func plain(channel <-chan int) int { return <-channel }

func timed(channel <-chan int) int {
	timer := time.NewTimer(10 * time.Second)
	select {
	case value := <-channel:
		timer.Stop()
		return value
	case <-timer.C:
		panic("timed out")
	}
}

func stream(count int) float64 {
	channel, done := make(chan int, 128), make(chan bool)
	start := harness.Clock()
	go func() {
		for i := 0; i < count; i++ {
			channel <- i
		}
	}()
	go func() {
		for i := 0; i < count; i++ {
			<-channel
		}
		done <- true
	}()
	<-done
	return float64(count) * 1000 / float64(harness.Clock()-start)
}

func measure(name, unit string, processors int, value func(count int) float64) {
	runtime.GOMAXPROCS(processors)
	count := harness.Count(1000000)
	harness.Measure([]harness.Figure{{Name: name, Unit: unit}}, func(values []float64) { values[0] = value(count) })
}

func main() {
	harness.Start(200 * time.Second)
	trip := func(count int) float64 { return pingPong(count, plain) }
	measure("channels.pingpong.w1", "ns/trip", 1, trip)
	measure("channels.pingpong.w2", "ns/trip", 2, trip)
	measure("channels.timed-receive.w1", "ns/receive", 1, func(count int) float64 { return pingPong(count, timed) / 2 })
	measure("channels.stream.w1", "M/s", 1, stream)
	measure("channels.stream.w2", "M/s", 2, stream)
}
