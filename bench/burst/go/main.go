// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a goroutine starts a million empty ones; the end is seen from their number, with no counter.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

//go:noinline
func nothing(value int) int { return value }

func measure(processors int, name string) {
	runtime.GOMAXPROCS(processors)
	count := harness.Count(1000000)
	harness.Measure([]harness.Figure{{Name: name, Unit: "ns/task"}}, func(values []float64) {
		before := harness.Clock()
		for i := 0; i < count; i++ {
			nothing(i)
		}
		start, standing := harness.Clock(), runtime.NumGoroutine()
		for i := 0; i < count; i++ {
			go nothing(i)
		}
		for runtime.NumGoroutine() > standing {
			runtime.Gosched()
		}
		values[0] = float64(harness.Clock()-start-(start-before)) / float64(count)
	})
}

func main() {
	harness.Start(120 * time.Second)
	measure(1, "burst.w1")
	measure(2, "burst.w2")
}
