// SPDX-License-Identifier: MIT
// main.go - the peer in Go: a select with a default over unbuffered channels on which nothing happens.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

var c [8]chan int

func pollOne(count int) (other int) {
	for i := 0; i < count; i++ {
		select {
		case <-c[0]:
			other--
		default:
			other++
		}
	}
	return
}

func pollEight(count int) (other int) {
	for i := 0; i < count; i++ {
		select {
		case <-c[0]:
			other--
		case <-c[1]:
			other--
		case <-c[2]:
			other--
		case <-c[3]:
			other--
		case <-c[4]:
			other--
		case <-c[5]:
			other--
		case <-c[6]:
			other--
		case <-c[7]:
			other--
		default:
			other++
		}
	}
	return
}

func measure(name string, poll func(count int) int) {
	count := harness.Count(2000000)
	figure := harness.Figure{Name: name, Unit: "ns/poll"}
	harness.Measure([]harness.Figure{figure}, func(values []float64) {
		start := harness.Clock()
		if poll(count) != count {
			panic("something came")
		}
		values[0] = float64(harness.Clock()-start) / float64(count)
	})
}

func main() {
	harness.Start(120 * time.Second)
	runtime.GOMAXPROCS(1)
	for i := range c {
		c[i] = make(chan int)
	}
	measure("poll.1", pollOne)
	measure("poll.8", pollEight)
}
