// SPDX-License-Identifier: MIT
// main.go - the peer in Go: two goroutines hand a number to and fro over unbuffered channels, without and with a timer.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

func pingPong(count int, receive func(<-chan int) int) float64 {
	forth, back, done := make(chan int), make(chan int), make(chan bool)
	start := harness.Clock()
	go func() {
		for i := 0; i < count; i++ {
			back <- receive(forth)
		}
		done <- true
	}()
	go func() {
		for i := 0; i < count; i++ {
			forth <- i
			if receive(back) != i {
				panic("another value")
			}
		}
		done <- true
	}()
	<-done
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

func measure(name, unit string, processors int, value func(count int) float64) {
	runtime.GOMAXPROCS(processors)
	count := harness.Count(300000)
	harness.Measure([]harness.Figure{{Name: name, Unit: unit}}, func(values []float64) { values[0] = value(count) })
}

func main() {
	harness.Start(120 * time.Second)
	trip := func(count int) float64 { return pingPong(count, plain) }
	receive := func(count int) float64 { return pingPong(count, timed) / 2 }
	measure("pingpong.w1", "ns/trip", 1, trip)
	measure("pingpong.w2", "ns/trip", 2, trip)
	measure("pingpong.timed-receive.w1", "ns/receive", 1, receive)
	measure("pingpong.timed-receive.w2", "ns/receive", 2, receive)
}
