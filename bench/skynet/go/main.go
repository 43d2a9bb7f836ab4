// SPDX-License-Identifier: MIT
// main.go - the peer in Go: skynet with a goroutine for each of a million leaves and of their parents.
//
// go: a channel with room for the ten results of a node, as ours. go-unbuffered: one without, as it is usually written.
// Cold: after the memory of former runs has been given back. Warm: straight after another run.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"weftbench/harness/go"
)

const children = 10

func node(result chan<- int, number, size, capacity int) {
	if size == 1 {
		result <- number
		return
	}
	results, sum, each := make(chan int, capacity), 0, size/children
	for i := 0; i < children; i++ {
		go node(results, number+i*each, each, capacity)
	}
	for i := 0; i < children; i++ {
		sum += <-results
	}
	result <- sum
}

func run(leaves, capacity int) float64 {
	result := make(chan int, 1)
	start := harness.Clock()
	node(result, 0, leaves, capacity)
	seconds := float64(harness.Clock()-start) / 1e9
	if <-result != leaves*(leaves-1)/2 {
		panic("a leaf is missing")
	}
	return seconds
}

func measure(processors, capacity int, party string) {
	runtime.GOMAXPROCS(processors)
	leaves := harness.Count(1000000)
	figures := []harness.Figure{
		{Name: fmt.Sprintf("skynet.w%d.cold", processors), Unit: "s", Party: party},
		{Name: fmt.Sprintf("skynet.w%d.warm", processors), Unit: "s", Party: party},
	}
	harness.Measure(figures, func(values []float64) {
		debug.FreeOSMemory()
		values[0] = run(leaves, capacity)
		values[1] = run(leaves, capacity)
	})
}

func main() {
	harness.Start(300 * time.Second)
	for _, processors := range []int{1, 2} {
		measure(processors, children, "go")
		measure(processors, 0, "go-unbuffered")
	}
}
