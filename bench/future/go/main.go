// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a goroutine and a channel with room for one, for each future.
package main

import (
	"fmt"
	"runtime"
	"time"

	"weftbench/harness/go"
)

const batch = 1000

func future(value int) chan int {
	result := make(chan int, 1)
	go func() { result <- value / 2 }()
	return result
}

func batches(count, size int) float64 {
	all := make([]chan int, size)
	start := harness.Clock()
	for b := 0; b < count/size; b++ {
		sum := 0
		for i := range all {
			all[i] = future(2)
		}
		for i := range all {
			sum += <-all[i]
			all[i] = nil
		}
		if sum != size {
			panic("wrong sum")
		}
	}
	return float64(harness.Clock()-start) / float64(count)
}

func measure(processors int) {
	runtime.GOMAXPROCS(processors)
	count := harness.Count(1000000)
	figures := []harness.Figure{
		{Name: fmt.Sprintf("future.single.w%d", processors), Unit: "ns", Party: "go"},
		{Name: fmt.Sprintf("future.batch.w%d", processors), Unit: "ns", Party: "go"},
		{Name: fmt.Sprintf("future.flight.w%d", processors), Unit: "ns", Party: "go"},
	}
	harness.Measure(figures, func(values []float64) {
		values[0] = batches(count, 1)
		values[1] = batches(count, batch)
		values[2] = batches(count, count)
	})
}

func main() {
	harness.Start(180 * time.Second)
	measure(1)
	measure(2)
}
