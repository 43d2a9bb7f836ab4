// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a goroutine started and its result received, by an OS thread of its own and by a goroutine.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const pause = 2000000

//go:noinline
func same(value int) int { return value }

func measure(name, party string, samples int, wait func()) {
	results := make(chan int, 1)
	taken := make([]float64, samples)
	figures := []harness.Figure{{Name: name + ".p50", Unit: "us", Party: party}, {Name: name + ".p99", Unit: "us", Party: party}}
	harness.Measure(figures, func(values []float64) {
		for i := range taken {
			wait()
			start := harness.Clock()
			go func() { results <- same(7) }()
			<-results
			taken[i] = float64(harness.Clock()-start) / 1000
		}
		values[0] = harness.Percentile(taken, 0.5)
		values[1] = harness.Percentile(taken, 0.99)
	})
}

func all(party string) {
	measure("roundtrip.hot", party, 20000, func() {})
	measure("roundtrip.asleep", party, 250, func() { time.Sleep(pause) })
	measure("roundtrip.busy", party, 250, func() { harness.Spin(pause) })
}

func main() {
	harness.Start(120 * time.Second)
	runtime.GOMAXPROCS(2)
	all("go")
	runtime.LockOSThread()
	all("go-locked")
}
