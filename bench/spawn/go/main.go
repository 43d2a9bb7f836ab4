// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a thousand goroutines and a WaitGroup, again and again.
package main

import (
	"runtime"
	"sync"
	"time"

	"weftbench/harness/go"
)

const batch = 1000

//go:noinline
func work(value int) int { return value }

func measure(processors int, parking bool, name string) {
	runtime.GOMAXPROCS(processors)
	batches := harness.Count(1000000) / batch
	harness.Measure([]harness.Figure{{Name: name, Unit: "ns/task"}}, func(values []float64) {
		var all sync.WaitGroup
		start := harness.Clock()
		for b := 0; b < batches; b++ {
			all.Add(batch)
			for i := 0; i < batch; i++ {
				go func(value int) {
					if parking {
						runtime.Gosched()
					}
					work(value)
					all.Done()
				}(i)
			}
			all.Wait()
		}
		values[0] = float64(harness.Clock()-start) / float64(batches*batch)
	})
}

func main() {
	harness.Start(120 * time.Second)
	measure(1, false, "spawn.w1")
	measure(2, false, "spawn.w2")
	measure(1, true, "spawn.parking.w1")
}
