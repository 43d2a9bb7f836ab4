// SPDX-License-Identifier: MIT
// main.go - the same in Go: functions exported by cgo, called on threads made in C.
package main

/*
#cgo CFLAGS: -O2
double outer_first_of_many(void);
double outer_later(long calls);
double outer_recursive(long calls);
void outer_go_on(long calls);
*/
import "C"

import (
	"time"

	"weftbench/harness/go"
)

//export outer_empty
func outer_empty() {}

//export outer_within
func outer_within(calls C.long) { C.outer_go_on(calls) }

func main() {
	harness.Start(120 * time.Second)
	figures := []harness.Figure{
		{Name: "outer.first", Unit: "ns/call"}, {Name: "outer.later", Unit: "ns/call"},
		{Name: "outer.recursive", Unit: "ns/call"}}
	harness.Measure(figures, func(values []float64) {
		calls := C.long(harness.Count(20000))
		values[0] = float64(C.outer_first_of_many())
		values[1] = float64(C.outer_later(calls))
		values[2] = float64(C.outer_recursive(calls))
	})
}
