// SPDX-License-Identifier: MIT
// main.go - the peer in Go: goroutines that are each locked to an OS thread; a stream and ping-pong over channels.
package main

import (
	"fmt"
	"runtime"
	"time"

	"weftbench/harness/go"
)

func locked(function func()) {
	go func() {
		runtime.LockOSThread()
		function()
	}()
}

func stream(threads, each int) float64 {
	channel, sums := make(chan int, 128), make(chan int, 2*threads)
	start := harness.Clock()
	for i := 0; i < threads; i++ {
		locked(func() {
			sum := 0
			for n := 0; n < each; n++ {
				sum += <-channel
			}
			sums <- sum
		})
		locked(func() {
			for n := 0; n < each; n++ {
				channel <- n
			}
			sums <- 0
		})
	}
	sum := 0
	for i := 0; i < 2*threads; i++ {
		sum += <-sums
	}
	if sum != threads*(each*(each-1)/2) {
		panic("a message is missing")
	}
	return float64(threads*each) * 1000 / float64(harness.Clock()-start)
}

func pingPong(capacity, count int) float64 {
	forth, back, done := make(chan int, capacity), make(chan int, capacity), make(chan float64)
	locked(func() {
		for value := range forth {
			back <- value
		}
	})
	locked(func() {
		start := harness.Clock()
		for i := 0; i < count; i++ {
			forth <- i
			if <-back != i {
				panic("another value")
			}
		}
		close(forth)
		done <- float64(harness.Clock()-start) / float64(count)
	})
	return <-done
}

func measure(name, unit string, round func() float64) {
	harness.Measure([]harness.Figure{{Name: name, Unit: unit}}, func(values []float64) { values[0] = round() })
}

func main() {
	harness.Start(300 * time.Second)
	for _, threads := range []int{1, 8} {
		each := harness.Count(50000) / threads // a tenth of ours: each message changes threads
		measure(fmt.Sprintf("threads.buffered.%dto%d", threads, threads), "M/s", func() float64 { return stream(threads, each) })
	}
	count := harness.Count(5000)
	measure("threads.pingpong", "ns/trip", func() float64 { return pingPong(0, count) })
	measure("threads.pingpong.capacity-1", "ns/trip", func() float64 { return pingPong(1, count) })
}
