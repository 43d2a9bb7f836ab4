// SPDX-License-Identifier: MIT
// main.go - the peer in Go: select over 2 to 64 channels, and reflect.Select (go-reflect), which any number may be given.
package main

import (
	"fmt"
	"reflect"
	"runtime"
	"time"

	"weftbench/harness/go"
)

// next is the next channel: the same for all parties.
func next(state *uint32, count int) int {
	*state = *state*1664525 + 1013904223
	return int(*state>>16) % count
}

func take2(c []chan int) (from, value int) {
	select {
	case value = <-c[0]:
		from = 0
	case value = <-c[1]:
		from = 1
	}
	return
}

func take8(c []chan int) (from, value int) {
	select {
	case value = <-c[0]:
		from = 0
	case value = <-c[1]:
		from = 1
	case value = <-c[2]:
		from = 2
	case value = <-c[3]:
		from = 3
	case value = <-c[4]:
		from = 4
	case value = <-c[5]:
		from = 5
	case value = <-c[6]:
		from = 6
	case value = <-c[7]:
		from = 7
	}
	return
}

// reflected is reflect.Select over the same operations each time.
func reflected(c []chan int) func([]chan int) (int, int) {
	cases := make([]reflect.SelectCase, len(c))
	for i := range c {
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c[i])}
	}
	return func([]chan int) (int, int) {
		from, value, _ := reflect.Select(cases)
		return from, int(value.Int())
	}
}

func alternate(c []chan int, messages int, blocking bool, take func([]chan int) (int, int)) float64 {
	state, done := uint32(1), make(chan bool)
	send := func() {
		to := next(&state, len(c))
		c[to] <- to
	}
	start := harness.Clock()
	go func() {
		for i := 0; i < messages; i++ {
			if !blocking {
				send()
			}
			if from, value := take(c); from != value {
				panic("another case")
			}
		}
		done <- true
	}()
	if blocking {
		go func() {
			for i := 0; i < messages; i++ {
				send()
			}
			done <- true
		}()
		<-done
	}
	<-done
	return float64(harness.Clock()-start) / float64(messages)
}

func measure(name, party string, processors, count int, blocking bool, take func([]chan int) (int, int)) {
	runtime.GOMAXPROCS(processors)
	messages, capacity := 200000, 1
	if count > 8 {
		messages = 10000
	}
	if count > 64 {
		messages = 2000
	}
	if blocking {
		capacity = 0
	}
	messages = harness.Count(messages)
	figure := harness.Figure{Name: name, Unit: "ns/message", Party: party}
	harness.Measure([]harness.Figure{figure}, func(values []float64) {
		c := make([]chan int, count)
		for i := range c {
			c[i] = make(chan int, capacity)
		}
		own := take
		if own == nil {
			own = reflected(c)
		}
		values[0] = alternate(c, messages, blocking, own)
	})
}

func main() {
	harness.Start(300 * time.Second)
	for i, kind := range []string{"ready", "blocking"} {
		blocking := i == 1
		measure(fmt.Sprintf("alternate.%s.2", kind), "go", 1, 2, blocking, take2)
		measure(fmt.Sprintf("alternate.%s.8", kind), "go", 1, 8, blocking, take8)
		measure(fmt.Sprintf("alternate.%s.64", kind), "go", 1, 64, blocking, harness.Take64)
		for _, count := range []int{8, 64, 512} {
			measure(fmt.Sprintf("alternate.%s.%d", kind, count), "go-reflect", 1, count, blocking, nil)
		}
	}
	measure("alternate.blocking.8.w2", "go", 2, 8, true, take8)
}
