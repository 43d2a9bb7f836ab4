// SPDX-License-Identifier: MIT
// main.go - the peer in Go: so many goroutines send, so many receive, over one channel of capacity 0 or 128.
package main

import (
	"fmt"
	"runtime"
	"time"

	"weftbench/harness/go"
)

type large struct{ value [32]int }

func small(channel chan int, each int) (send func(), receive func() int) {
	send = func() {
		for i := 0; i < each; i++ {
			channel <- i
		}
	}
	receive = func() (sum int) {
		for i := 0; i < each; i++ {
			sum += <-channel
		}
		return
	}
	return
}

func big(channel chan large, each int) (send func(), receive func() int) {
	send = func() {
		var message large
		for i := range message.value {
			message.value[i] = i
		}
		for i := 0; i < each; i++ {
			message.value[0] = i
			channel <- message
		}
	}
	receive = func() (sum int) {
		for i := 0; i < each; i++ {
			message := <-channel
			sum += message.value[0]
		}
		return
	}
	return
}

func stream(tasks, each int, send func(), receive func() int) float64 {
	sums := make(chan int, 2*tasks)
	start := harness.Clock()
	for i := 0; i < tasks; i++ {
		go func() { sums <- receive() }()
		go func() { send(); sums <- 0 }()
	}
	sum := 0
	for i := 0; i < 2*tasks; i++ {
		sum += <-sums
	}
	if sum != tasks*(each*(each-1)/2) {
		panic("a message is missing")
	}
	return float64(tasks*each) * 1000 / float64(harness.Clock()-start)
}

func measure(kind string, capacity, tasks, processors int) {
	runtime.GOMAXPROCS(processors)
	each := harness.Count(1000000) / tasks
	if capacity == 0 {
		each = harness.Count(500000) / tasks
	}
	name := fmt.Sprintf("stream.%s.%dto%d.w%d", kind, tasks, tasks, processors)
	harness.Measure([]harness.Figure{{Name: name, Unit: "M/s"}}, func(values []float64) {
		if kind == "large" {
			send, receive := big(make(chan large, capacity), each)
			values[0] = stream(tasks, each, send, receive)
		} else {
			send, receive := small(make(chan int, capacity), each)
			values[0] = stream(tasks, each, send, receive)
		}
	})
}

func main() {
	harness.Start(300 * time.Second)
	for _, processors := range []int{1, 2} {
		for _, tasks := range []int{1, 8} {
			measure("unbuffered", 0, tasks, processors)
		}
		for _, tasks := range []int{1, 2, 8} {
			measure("buffered", 128, tasks, processors)
			measure("large", 128, tasks, processors)
		}
	}
}
