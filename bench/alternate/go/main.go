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

func take64(c []chan int) (from, value int) {
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
	case value = <-c[8]:
		from = 8
	case value = <-c[9]:
		from = 9
	case value = <-c[10]:
		from = 10
	case value = <-c[11]:
		from = 11
	case value = <-c[12]:
		from = 12
	case value = <-c[13]:
		from = 13
	case value = <-c[14]:
		from = 14
	case value = <-c[15]:
		from = 15
	case value = <-c[16]:
		from = 16
	case value = <-c[17]:
		from = 17
	case value = <-c[18]:
		from = 18
	case value = <-c[19]:
		from = 19
	case value = <-c[20]:
		from = 20
	case value = <-c[21]:
		from = 21
	case value = <-c[22]:
		from = 22
	case value = <-c[23]:
		from = 23
	case value = <-c[24]:
		from = 24
	case value = <-c[25]:
		from = 25
	case value = <-c[26]:
		from = 26
	case value = <-c[27]:
		from = 27
	case value = <-c[28]:
		from = 28
	case value = <-c[29]:
		from = 29
	case value = <-c[30]:
		from = 30
	case value = <-c[31]:
		from = 31
	case value = <-c[32]:
		from = 32
	case value = <-c[33]:
		from = 33
	case value = <-c[34]:
		from = 34
	case value = <-c[35]:
		from = 35
	case value = <-c[36]:
		from = 36
	case value = <-c[37]:
		from = 37
	case value = <-c[38]:
		from = 38
	case value = <-c[39]:
		from = 39
	case value = <-c[40]:
		from = 40
	case value = <-c[41]:
		from = 41
	case value = <-c[42]:
		from = 42
	case value = <-c[43]:
		from = 43
	case value = <-c[44]:
		from = 44
	case value = <-c[45]:
		from = 45
	case value = <-c[46]:
		from = 46
	case value = <-c[47]:
		from = 47
	case value = <-c[48]:
		from = 48
	case value = <-c[49]:
		from = 49
	case value = <-c[50]:
		from = 50
	case value = <-c[51]:
		from = 51
	case value = <-c[52]:
		from = 52
	case value = <-c[53]:
		from = 53
	case value = <-c[54]:
		from = 54
	case value = <-c[55]:
		from = 55
	case value = <-c[56]:
		from = 56
	case value = <-c[57]:
		from = 57
	case value = <-c[58]:
		from = 58
	case value = <-c[59]:
		from = 59
	case value = <-c[60]:
		from = 60
	case value = <-c[61]:
		from = 61
	case value = <-c[62]:
		from = 62
	case value = <-c[63]:
		from = 63
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
		measure(fmt.Sprintf("alternate.%s.64", kind), "go", 1, 64, blocking, take64)
		for _, count := range []int{8, 64, 512} {
			measure(fmt.Sprintf("alternate.%s.%d", kind, count), "go-reflect", 1, count, blocking, nil)
		}
	}
	measure("alternate.blocking.8.w2", "go", 2, 8, true, take8)
}
