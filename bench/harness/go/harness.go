// SPDX-License-Identifier: MIT
// harness.go - rounds, medians and output of the Go peers; the same options and lines as bench.h.
package harness

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"syscall"
	"time"
)

// Figure is a measured quantity: a name, a unit, and a party if it is not "go".
type Figure struct{ Name, Unit, Party string }

var rounds = flag.Int("r", 7, "rounds")
var count = flag.Int("n", 0, "how much work; 0 is the program's default")
var filter = flag.String("f", "", "only figures that contain this text")
var begun = time.Now()

// Start reads the options and sets the limit after which a program that hangs is ended.
func Start(limit time.Duration) {
	flag.Parse()
	time.AfterFunc(limit, func() { os.Exit(142) })
}

// Count is the value of -n, or the default.
func Count(otherwise int) int {
	if *count > 0 {
		return *count
	}
	return otherwise
}

func wanted(name string) bool { return strings.Contains(name, *filter) }

// Measure runs a warm-up and the rounds; round writes one value for each figure.
func Measure(figures []Figure, round func(values []float64)) {
	any := false
	for _, figure := range figures {
		any = any || wanted(figure.Name)
	}
	if !any {
		return
	}
	kept := make([][]float64, len(figures))
	values := make([]float64, len(figures))
	round(values)
	for r := 0; r < *rounds; r++ {
		round(values)
		for i := range figures {
			kept[i] = append(kept[i], values[i])
		}
	}
	for i, figure := range figures {
		if wanted(figure.Name) {
			v, party := kept[i], figure.Party
			if party == "" {
				party = "go"
			}
			fmt.Printf("%s/%s\t%.6g\t%s\t%.6g\t%.6g\t%d\n",
				figure.Name, party, Percentile(v, 0.5), figure.Unit, v[0], v[len(v)-1], len(v))
		}
	}
}

// Single prints a figure that has one value.
func Single(name, unit string, value float64) {
	fmt.Printf("%s/go\t%.6g\t%s\t%.6g\t%.6g\t1\n", name, value, unit, value, value)
}

// Percentile sorts the samples and returns the given part of them.
func Percentile(samples []float64, part float64) float64 {
	sort.Float64s(samples)
	return samples[int(part*float64(len(samples)-1)+0.5)]
}

// Clock is monotonic nanoseconds.
func Clock() int64 { return int64(time.Since(begun)) }

// CPU is the CPU time that this process has used, in nanoseconds.
func CPU() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// Resident is the resident bytes of this process.
func Resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var total, resident int64
	fmt.Sscan(string(text), &total, &resident)
	return resident * int64(os.Getpagesize())
}

// Spin keeps the CPU busy.
func Spin(nanoseconds int64) {
	for end := Clock() + nanoseconds; Clock() < end; {
	}
}
