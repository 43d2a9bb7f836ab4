// SPDX-License-Identifier: MIT
// main.go - the peer in Go: 2 and 1000 goroutines on one processor call Gosched.
package main

import (
	"runtime"
	"sync"
	"time"

	"weftbench/harness/go"
)

func measure(tasks int, name string) {
	yields := harness.Count(4000000) / tasks
	harness.Measure([]harness.Figure{{Name: name, Unit: "ns/yield"}}, func(values []float64) {
		var all sync.WaitGroup
		all.Add(tasks)
		for i := 0; i < tasks; i++ {
			go func() {
				for j := 0; j < yields; j++ {
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		start := harness.Clock()
		all.Wait()
		values[0] = float64(harness.Clock()-start) / float64(tasks*yields)
	})
}

func main() {
	harness.Start(120 * time.Second)
	runtime.GOMAXPROCS(1)
	measure(2, "yield.2")
	measure(1000, "yield.1000")
}
