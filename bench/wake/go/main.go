// SPDX-License-Identifier: MIT
// main.go - the peer in Go on two processors: a goroutine sends to a waiting one and goes on computing.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const sends, compute, pause = 200, 500000, 1000000

func main() {
	harness.Start(120 * time.Second)
	runtime.GOMAXPROCS(2)
	late := make([]float64, sends)
	figures := []harness.Figure{{Name: "wake.movable.p50", Unit: "us"}, {Name: "wake.movable.p99", Unit: "us"}}
	harness.Measure(figures, func(values []float64) {
		messages, done := make(chan int64), make(chan bool)
		go func() {
			for i := range late {
				sent := <-messages
				late[i] = float64(harness.Clock()-sent) / 1000
			}
			done <- true
		}()
		go func() {
			for range late {
				time.Sleep(pause)
				messages <- harness.Clock()
				harness.Spin(compute)
			}
		}()
		<-done
		values[0] = harness.Percentile(late, 0.5)
		values[1] = harness.Percentile(late, 0.99)
	})
}
