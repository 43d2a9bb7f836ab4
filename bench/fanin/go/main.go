// SPDX-License-Identifier: MIT
// main.go - the peer in Go: 64 goroutines send, each to an unbuffered channel of its own; one selects from all.
package main

import (
	"runtime"
	"time"

	"weftbench/harness/go"
)

const senders = 64

func take(c []chan int) (from, value int) {
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

func fanIn(each int) float64 {
	c := make([]chan int, senders)
	for i := range c {
		c[i] = make(chan int)
	}
	start, done := harness.Clock(), make(chan bool)
	go func() {
		for i := 0; i < each*senders; i++ {
			if from, value := take(c); from != value {
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
