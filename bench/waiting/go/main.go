// SPDX-License-Identifier: MIT
// main.go - the peer in Go on one processor: 100,000 goroutines wait for a message on one channel and then answer.
//
// Memory can be measured once a process: the first round is fresh and the rest recycled, and only the first is not
// thrown away for the fresh figures. Hence -r chooses the recycled rounds only; scripts/bench repeats the program.
package main

import (
	"fmt"
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
	fmt.Printf("waiting.resident/go\t%.6g\tbytes/task\t0\t0\t1\n", resident)
	fmt.Printf("waiting.create.fresh/go\t%.6g\tns/task\t0\t0\t1\n", create)
	fmt.Printf("waiting.release.fresh/go\t%.6g\tns/task\t0\t0\t1\n", release)
	figures := []harness.Figure{{Name: "waiting.create.recycled", Unit: "ns/task"}, {Name: "waiting.release.recycled", Unit: "ns/task"}}
	harness.Measure(figures, func(values []float64) { values[0], values[1], _ = makeAndRelease(count) })
}
