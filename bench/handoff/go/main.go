// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a goroutine locked to an OS thread sends to a waiting goroutine and gets the answer.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const pause = 2000000

func measure(name string, samples int, wait func()) {
	forth, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for value := range forth {
			back <- value
		}
	}()
	taken := make([]float64, samples)
	harness.Measure([]harness.Figure{{Name: name + ".p50", Unit: "us"}, {Name: name + ".p99", Unit: "us"}}, func(values []float64) {
		for i := range taken {
			wait()
			start := harness.Clock()
			forth <- 7
			<-back
			taken[i] = float64(harness.Clock()-start) / 1000
		}
		values[0] = harness.Percentile(taken, 0.5)
		values[1] = harness.Percentile(taken, 0.99)
	})
	close(forth)
}

func main() {
	harness.Start(120 * time.Second)
	runtime.GOMAXPROCS(2)
	runtime.LockOSThread()
	measure("handoff.hot", 20000, func() {})
	measure("handoff.asleep", 250, func() { time.Sleep(pause) })
	measure("handoff.busy", 250, func() { harness.Spin(pause) })
}
