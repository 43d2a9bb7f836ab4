// SPDX-License-Identifier: MIT
// main.go - the peer in Go: the prime sieve, a goroutine for each of the first 2,500 primes, over unbuffered channels.
//
// Seconds until the last prime has come out; after that the first of the chain ends, and each ends the next by closing
// its channel.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"weftbench/harness/go"
)

func generate(out chan<- int, ended *int32) {
	for i := 2; atomic.LoadInt32(ended) == 0; i++ {
		out <- i
	}
	close(out)
}

func filter(in <-chan int, out chan<- int, prime int) {
	for i := range in {
		if i%prime != 0 {
			out <- i
		}
	}
	close(out)
}

func sieve(primes int) float64 {
	var all sync.WaitGroup
	var ended int32
	start := harness.Clock()
	channel, prime := make(chan int), 0
	all.Add(1)
	go func(out chan int) { generate(out, &ended); all.Done() }(channel)
	for n := 0; n < primes; n++ {
		prime = <-channel
		next := make(chan int)
		all.Add(1)
		go func(in, out chan int, prime int) { filter(in, out, prime); all.Done() }(channel, next, prime)
		channel = next
	}
	seconds := float64(harness.Clock()-start) / 1e9
	atomic.StoreInt32(&ended, 1)
	for range channel {
	}
	all.Wait()
	if primes == 2500 && prime != 22307 {
		panic("not the prime")
	}
	return seconds
}

func measure(name string, processors int) {
	runtime.GOMAXPROCS(processors)
	primes := harness.Count(2500)
	harness.Measure([]harness.Figure{{Name: name, Unit: "s"}}, func(values []float64) { values[0] = sieve(primes) })
}

func main() {
	harness.Start(200 * time.Second)
	measure("sieve.w1", 1)
	measure("sieve.w2", 2)
}
