package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// truthLog notes who called whom, and why, in a file of its own; written every 100 lines and at the end.
type truthLog struct {
	mutex sync.Mutex
	text  bytes.Buffer
	lines int
}

var truth truthLog

func (t *truthLog) add(call, parent string) {
	line, _ := json.Marshal(map[string]string{"call": call, "parent": parent})
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text.Write(append(line, '\n'))
	if t.lines++; t.lines >= 100 {
		t.write()
	}
}

func (t *truthLog) write() {
	file, err := os.OpenFile(os.Getenv("TRUTH_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err := t.text.WriteTo(file); err != nil {
		panic(err)
	}
	t.lines = 0
}

func (t *truthLog) close() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.write()
}

// One client for all goroutines, with a pool of kept connections.
var client = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 64, IdleConnTimeout: 2 * time.Minute},
}

// get makes one call with a fresh id on behalf of the call `serving`; gives the status.
func get(port, path, serving string) int {
	var id [16]byte
	rand.Read(id[:])
	call := hex.EncodeToString(id[:])
	truth.add(call, serving)
	response, err := client.Get("http://127.0.0.1:" + port + path + "/" + call)
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 599
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
