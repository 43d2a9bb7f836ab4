// SPDX-License-Identifier: MIT
// main.go - the peer in Go: 64 goroutines send, each to an unbuffered channel of its own; one selects from all.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const senders = 64

func fanIn(each int) float64 {
	c := make([]chan int, senders)
	for i := range c {
		c[i] = make(chan int)
	}
	start, done := harness.Clock(), make(chan bool)
	go func() {
		for i := 0; i < each*senders; i++ {
			if from, value := harness.Take64(c); from != value {
				panic("another case")
			}
		}
		done <- true
	}()
	for i := range c {
		go func(number int) {
			for n := 0; n < each; n++ {
				c[number] <- number
			}
			done <- true
		}(i)
	}
	for i := 0; i <= senders; i++ {
		<-done
	}
	return float64(harness.Clock()-start) / float64(each*senders)
}

func measure(name string, processors int) {
	runtime.GOMAXPROCS(processors)
	each := harness.Count(128000) / senders
	figure := harness.Figure{Name: name, Unit: "ns/message"}
	harness.Measure([]harness.Figure{figure}, func(values []float64) { values[0] = fanIn(each) })
}

func main() {
	harness.Start(200 * time.Second)
	measure("fanin.64.w1", 1)
	measure("fanin.64.w2", 2)
}
