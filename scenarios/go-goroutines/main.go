// One binary, four services: front fans out over goroutines, pool hands over to workers, middle calls the leaf, the leaf waits.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// handler answers the call with the id `serving`.
type handler func(serving string) (status int, body string)

func main() {
	roles := map[string]handler{"front": front, "pool": pool, "middle": middle, "leaf": leaf}
	work, known := roles[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "role must be front, pool, middle or leaf")
		os.Exit(2)
	}
	if os.Args[1] == "pool" {
		startWorkers(8)
	}
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		path := request.URL.Path
		status, body := work(path[strings.LastIndexByte(path, '/')+1:])
		response.Header().Set("Content-Type", "application/json")
		response.WriteHeader(status)
		fmt.Fprint(response, body)
	})
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		truth.close()
		os.Exit(0)
	}()
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
