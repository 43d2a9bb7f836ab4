// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a select with a timer of 1 ms that fires; how late, in microseconds.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const (
	waits       = 200
	millisecond = 1000000
)

var first, second = make(chan int), make(chan int)

func waitOne(timer *time.Timer) {
	select {
	case <-first:
		panic("something came")
	case <-timer.C:
	}
}

func waitTwo(timer *time.Timer) {
	select {
	case <-first:
		panic("something came")
	case <-second:
		panic("something came")
	case <-timer.C:
	}
}

func measure(name string, wait func(*time.Timer)) {
	late := make([]float64, waits)
	figures := []harness.Figure{{Name: name + ".p50", Unit: "us"}, {Name: name + ".p99", Unit: "us"}}
	harness.Measure(figures, func(values []float64) {
		for i := range late {
			deadline := harness.Clock() + millisecond
			wait(time.NewTimer(millisecond))
			late[i] = float64(harness.Clock()-deadline) / 1000
		}
		values[0] = harness.Percentile(late, 0.5)
		values[1] = harness.Percentile(late, 0.99)
	})
}

func main() {
	harness.Start(120 * time.Second)
	runtime.GOMAXPROCS(1)
	measure("expiry.receive", waitOne)
	measure("expiry.alternate", waitTwo)
}
