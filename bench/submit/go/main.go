// SPDX-License-Identifier: MIT
// main.go - the peers in Go. "go" starts a goroutine a task, with a result channel that has room for all, so that none has
// to wait. "go-pool" keeps one goroutine a processor that takes jobs from a buffered channel and answers on another: the
// fastest way to do it in Go.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

//go:noinline
func same(value int) int { return value }

func measure(processors int, name string) {
	runtime.GOMAXPROCS(processors)
	count := harness.Count(1000000)
	results := make(chan int, count)
	harness.Measure([]harness.Figure{{Name: name, Unit: "ns/task"}}, func(values []float64) {
		start, sum := harness.Clock(), 0
		for i := 0; i < count; i++ {
			go func(value int) { results <- same(value) }(i)
		}
		for i := 0; i < count; i++ {
			sum += <-results
		}
		values[0] = float64(harness.Clock()-start) / float64(count)
		if sum != count*(count-1)/2 {
			panic("a result is missing")
		}
	})
}

func measurePool(processors int, name string) {
	runtime.GOMAXPROCS(processors)
	count := harness.Count(1000000)
	jobs, results := make(chan int, 1024), make(chan int, 1024)
	for w := 0; w < processors; w++ {
		go func() {
			for job := range jobs {
				results <- same(job)
			}
		}()
	}
	harness.Measure([]harness.Figure{{Name: name, Unit: "ns/task", Party: "go-pool"}}, func(values []float64) {
		start, sum := harness.Clock(), 0
		go func() {
			for i := 0; i < count; i++ {
				jobs <- i
			}
		}()
		for i := 0; i < count; i++ {
			sum += <-results
		}
		values[0] = float64(harness.Clock()-start) / float64(count)
		if sum != count*(count-1)/2 {
			panic("a result is missing")
		}
	})
	close(jobs)
}

func main() {
	harness.Start(120 * time.Second)
	measurePool(1, "submit.w1")
	measurePool(2, "submit.w2")
	measure(1, "submit.w1")
	measure(2, "submit.w2")
}
