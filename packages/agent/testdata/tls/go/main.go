// As server.py and client.py: `server plain`, `server CERT KEY [VERSION]` prints its port; `client SCHEME PORT ROUNDS`.
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

func answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if len(body) == 0 {
		size, _ := strconv.Atoi(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		body = bytes.Repeat([]byte("x"), size)
	}
	w.Header().Set("content-length", strconv.Itoa(len(body)))
	if strings.Contains(r.URL.Path, "missing") {
		w.WriteHeader(404)
	}
	w.Write(body)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func serve(args []string) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	// HTTP/1.1 alone: an empty map switches HTTP/2 off.
	server := &http.Server{
		Handler:      http.HandlerFunc(answer),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	if args[0] == "plain" {
		must(server.Serve(listener))
		return
	}
	if len(args) > 2 && args[2] == "TLSv1_2" {
		server.TLSConfig = &tls.Config{MaxVersion: tls.VersionTLS12}
	}
	must(server.ServeTLS(listener, args[0], args[1]))
}

func ask(scheme, port string, rounds int) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	once := func(method, path string, body []byte) {
		request, err := http.NewRequest(method, scheme+"://127.0.0.1:"+port+path, bytes.NewReader(body))
		must(err)
		response, err := client.Do(request)
		must(err)
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	for number := 0; number < rounds; number++ {
		once("GET", "/small/"+strconv.Itoa(number), nil)
		once("GET", "/large/100000", nil)
		once("POST", "/upload/"+strconv.Itoa(number), bytes.Repeat([]byte("y"), 50000))
		once("GET", "/missing/10", nil)
	}
	client.CloseIdleConnections()
}

func main() {
	if os.Args[1] == "server" {
		serve(os.Args[2:])
		return
	}
	rounds, _ := strconv.Atoi(os.Args[4])
	ask(os.Args[2], os.Args[3], rounds)
}
