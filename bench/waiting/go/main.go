// SPDX-License-Identifier: MIT
// main.go - the peer in Go on one processor: 100,000 goroutines wait for a message on one channel and then answer.
//
// The first round is fresh and measured once, without a warm-up; the rounds of -r are recycled. scripts/bench repeats the
// program.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const batch = 1000

func makeAndRelease(count int) (create, release, resident float64) {
	messages, answers := make(chan int), make(chan int, count)
	before, start := harness.Resident(), harness.Clock()
	for i := 0; i < count; i++ {
		go func() { answers <- <-messages }()
		if i%batch == batch-1 {
			runtime.Gosched()
		}
	}
	runtime.Gosched()
	made := harness.Clock()
	resident = float64(harness.Resident()-before) / float64(count)
	begin, sum := harness.Clock(), 0
	for i := 0; i < count; i++ {
		messages <- i
	}
	for i := 0; i < count; i++ {
		sum += <-answers
	}
	if sum != count*(count-1)/2 {
		panic("an answer is missing")
	}
	release = float64(harness.Clock()-begin) / float64(count)
	create = float64(made-start) / float64(count)
	return
}

func main() {
	harness.Start(300 * time.Second)
	runtime.GOMAXPROCS(1)
	count := harness.Count(100000)
	create, release, resident := makeAndRelease(count)
	harness.Single("waiting.resident", "bytes/task", resident)
	harness.Single("waiting.create.fresh", "ns/task", create)
	harness.Single("waiting.release.fresh", "ns/task", release)
	figures := []harness.Figure{{Name: "waiting.create.recycled", Unit: "ns/task"}, {Name: "waiting.release.recycled", Unit: "ns/task"}}
	harness.Measure(figures, func(values []float64) { values[0], values[1], _ = makeAndRelease(count) })
}
