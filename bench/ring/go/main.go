// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a number goes round a ring of goroutines over unbuffered channels; nanoseconds a hop.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"weftbench/harness/go"
)

func passOn(in <-chan int, out chan<- int, laps int) {
	for lap := 0; lap < laps; lap++ {
		out <- <-in + 1
	}
}

func lap(first chan<- int, last <-chan int, nodes int) {
	first <- 1
	if <-last != nodes {
		panic("a hop is missing")
	}
}

func ring(nodes, laps int) float64 {
	var all sync.WaitGroup
	channels := make([]chan int, nodes)
	for n := range channels {
		channels[n] = make(chan int)
	}
	for n := 1; n < nodes; n++ {
		all.Add(1)
		go func(in, out chan int) { passOn(in, out, laps+1); all.Done() }(channels[n-1], channels[n])
	}
	lap(channels[0], channels[nodes-1], nodes)
	start := harness.Clock()
	for l := 0; l < laps; l++ {
		lap(channels[0], channels[nodes-1], nodes)
	}
	each := float64(harness.Clock()-start) / float64(laps*nodes)
	all.Wait()
	return each
}

func measure(nodes, processors int) {
	runtime.GOMAXPROCS(processors)
	laps := harness.Count(500000) / nodes
	figure := harness.Figure{Name: fmt.Sprintf("ring.%d.w%d", nodes, processors), Unit: "ns/hop"}
	harness.Measure([]harness.Figure{figure}, func(values []float64) { values[0] = ring(nodes, laps) })
}

func main() {
	harness.Start(200 * time.Second)
	for _, nodes := range []int{1000, 10000} {
		measure(nodes, 1)
		measure(nodes, 2)
	}
}
