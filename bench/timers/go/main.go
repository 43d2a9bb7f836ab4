// SPDX-License-Identifier: MIT
// main.go - the peer in Go: time.NewTimer and Stop by the million and one at a time, time.Sleep of 1 ms, 100,000 sleepers.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const ones, naps, sleepers, batch = 100000, 400, 100000, 1000

var late = make([]float64, sleepers)

func measureMany(count int) {
	timers := make([]*time.Timer, count)
	figures := []harness.Figure{{Name: "timers.task.arm", Unit: "ns"}, {Name: "timers.task.cancel", Unit: "ns"}, {Name: "timers.task.one", Unit: "ns"}}
	harness.Measure(figures, func(values []float64) {
		start := harness.Clock()
		for i := range timers {
			timers[i] = time.NewTimer(time.Hour + time.Duration(i*7919%count)*3600*time.Microsecond)
		}
		armed := harness.Clock()
		for _, timer := range timers {
			timer.Stop()
		}
		stopped := harness.Clock()
		values[0] = float64(armed-start) / float64(count)
		values[1] = float64(stopped-armed) / float64(count)
		for i := range timers {
			timers[i] = nil
		}
		begin := harness.Clock()
		for i := 0; i < ones; i++ {
			time.NewTimer(time.Hour).Stop()
		}
		values[2] = float64(harness.Clock()-begin) / ones
	})
}

func nap(span int64) float64 {
	deadline := harness.Clock() + span
	time.Sleep(time.Duration(span))
	return float64(harness.Clock()-deadline) / 1000
}

func measureNaps() {
	figures := []harness.Figure{{Name: "timers.late.p50", Unit: "us"}, {Name: "timers.late.p99", Unit: "us"}}
	harness.Measure(figures, func(values []float64) {
		for i := 0; i < naps; i++ {
			late[i] = nap(1000000)
		}
		values[0] = harness.Percentile(late[:naps], 0.5)
		values[1] = harness.Percentile(late[:naps], 0.99)
	})
}

func measureSleepers(processors int, name string) {
	runtime.GOMAXPROCS(processors)
	figures := []harness.Figure{{Name: name + ".total", Unit: "s"}, {Name: name + ".cpu", Unit: "s"}, {Name: name + ".p50", Unit: "us"}, {Name: name + ".p99", Unit: "us"}}
	harness.Measure(figures, func(values []float64) {
		done := make(chan bool, sleepers)
		start, cpu := harness.Clock(), harness.CPU()
		for i := 0; i < sleepers; i++ {
			go func(index int) {
				late[index] = nap(int64(uint32(index)*2654435761%1000001) * 1000)
				done <- true
			}(i)
			if i%batch == batch-1 {
				runtime.Gosched()
			}
		}
		for i := 0; i < sleepers; i++ {
			<-done
		}
		values[0] = float64(harness.Clock()-start) / 1e9
		values[1] = float64(harness.CPU()-cpu) / 1e9
		values[2] = harness.Percentile(late, 0.5)
		values[3] = harness.Percentile(late, 0.99)
	})
}

func main() {
	harness.Start(300 * time.Second)
	runtime.GOMAXPROCS(1)
	measureMany(harness.Count(1000000))
	measureNaps()
	measureSleepers(1, "timers.sleepers.w1")
	measureSleepers(2, "timers.sleepers.w2")
}
