// SPDX-License-Identifier: Apache-2.0

// Writes to sockets which goroutine writes, so that packages/agent/src/capture/kernel-goroutines.live.test.ts
// can compare it with what the kernel side says. Prints "ready", waits for a line, prints "done" at the end.
//
//	goroutines ids|waiters|handovers COUNT
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
)

func goid() (id int) {
	buffer := make([]byte, 64)
	fmt.Sscanf(string(buffer[:runtime.Stack(buffer, false)]), "goroutine %d", &id)
	return
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A connection whose bytes somebody reads away.
func connect(address string) net.Conn {
	connection, err := net.Dial("tcp", address)
	check(err)
	return connection
}

func listen() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			connection, err := listener.Accept()
			check(err)
			go io.Copy(io.Discard, connection)
		}
	}()
	return listener.Addr().String()
}

// Each goroutine writes "id GOID PARENT" some times, wherever the scheduler has put it meanwhile.
func ids(address string, count int) {
	var done sync.WaitGroup
	for parent := 0; parent < 4; parent++ {
		done.Add(1)
		go func() {
			defer done.Done()
			parentID := goid()
			for child := 0; child < count; child++ {
				done.Add(1)
				go func() {
					defer done.Done()
					connection := connect(address)
					for i := 0; i < 5; i++ {
						fmt.Fprintf(connection, "id %d %d\n", goid(), parentID)
						runtime.Gosched()
					}
					connection.Close()
				}()
			}
		}()
	}
	done.Wait()
}

type job struct {
	asker int
	reply chan bool
}

// One worker does the writing for goroutines that wait for its answer: "for ASKER". One after the other:
// between two jobs the worker waits for the next one. (A worker that always finds one ready keeps the
// wait reason of its last I/O, and the kernel side does not look for who waits.)
func waiters(address string, count int, yield bool) {
	runtime.GOMAXPROCS(1)
	jobs := make(chan job)
	up := make(chan bool)
	go func() {
		connection := connect(address)
		up <- true
		for work := range jobs {
			if yield {
				// Who was still on the way to its channel gets there.
				runtime.Gosched()
			}
			fmt.Fprintf(connection, "for %d\n", work.asker)
			work.reply <- true
		}
	}()
	<-up
	var turns [4]chan bool
	over := make(chan bool)
	for asker := range turns {
		turn := make(chan bool)
		turns[asker] = turn
		go func() {
			for range turn {
				work := job{goid(), make(chan bool)}
				jobs <- work
				<-work.reply
				over <- true
			}
		}()
	}
	for i := 0; i < count*len(turns); i++ {
		turns[i%len(turns)] <- true
		<-over
	}
}

func main() {
	touch()
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	address := listen()
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	if os.Args[1] == "ids" {
		ids(address, count)
	} else {
		waiters(address, count, os.Args[1] == "waiters")
	}
	fmt.Println("done")
}
