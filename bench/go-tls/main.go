// Times crypto/tls's Write and Read: both ends of one connection over loopback, each record in its socket before it is read.
//
//	go-tls CALLS SIZE CERTIFICATE KEY    prints one JSON object; times are nanoseconds a call, medians
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"time"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func median(values []int64) int64 {
	sort.Slice(values, func(a, b int) bool { return values[a] < values[b] })
	return values[len(values)/2]
}

func main() {
	calls, _ := strconv.Atoi(os.Args[1])
	size, _ := strconv.Atoi(os.Args[2])
	certificate, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	must(err)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(err)
	accepted := make(chan net.Conn)
	go func() {
		conn, err := listener.Accept()
		must(err)
		accepted <- conn
	}()
	near, err := net.Dial("tcp4", listener.Addr().String())
	must(err)
	server := tls.Server(<-accepted, &tls.Config{Certificates: []tls.Certificate{certificate}})
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	must(client.Handshake())
	must(<-done)
	message, heard := make([]byte, size), make([]byte, size)
	copy(message, "GET /b HTTP/1.1\r\nhost: b\r\n")
	writes, reads := make([]int64, calls), make([]int64, calls)
	for i := range writes {
		start := time.Now()
		_, err := client.Write(message)
		must(err)
		written := time.Now()
		_, err = io.ReadFull(server, heard)
		must(err)
		reads[i] = time.Since(written).Nanoseconds()
		writes[i] = written.Sub(start).Nanoseconds()
		time.Sleep(20 * time.Microsecond)
	}
	fmt.Printf("{\"write\":%d,\"read\":%d}\n", median(writes), median(reads))
}
