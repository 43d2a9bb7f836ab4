// SPDX-License-Identifier: MIT
// main.go - the peer in Go: what the runtime's threads, except the one that waits, use of the CPU while nothing is to do.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"weftbench/harness/go"
)

func read() (cpu, wakeups float64) {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		if thread.Name() == fmt.Sprint(syscall.Gettid()) {
			continue
		}
		text, _ := os.ReadFile("/proc/self/task/" + thread.Name() + "/schedstat")
		var run, switches float64
		fmt.Sscan(string(text), &run)
		text, _ = os.ReadFile("/proc/self/task/" + thread.Name() + "/status")
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "voluntary_ctxt_switches:") {
				fmt.Sscan(strings.TrimPrefix(line, "voluntary_ctxt_switches:"), &switches)
			}
		}
		cpu, wakeups = cpu+run, wakeups+switches
	}
	return
}

// sleep keeps this OS thread out of the runtime: time.Sleep would itself need a wake-up of another thread.
func sleep(seconds int) {
	span := syscall.Timespec{Sec: int64(seconds)}
	for syscall.Nanosleep(&span, &span) == syscall.EINTR {
	}
}

func main() {
	harness.Start(200 * time.Second)
	runtime.GOMAXPROCS(2)
	runtime.LockOSThread()
	results := make(chan int, 1000)
	for i := 0; i < 1000; i++ {
		go func(value int) { results <- value }(i)
	}
	for i := 0; i < 1000; i++ {
		<-results
	}
	seconds := harness.Count(10)
	sleep(1)
	cpu, wakeups := read()
	sleep(seconds)
	cpuAfter, wakeupsAfter := read()
	harness.Single("idle.cpu", "% of a core", (cpuAfter-cpu)/(float64(seconds)*1e9)*100)
	harness.Single("idle.wakeups", "in all", wakeupsAfter-wakeups)
}
