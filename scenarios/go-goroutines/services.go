package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"sync"
	"time"
)

var middlePort = os.Getenv("MIDDLE_PORT")
var leafPort = os.Getenv("LEAF_PORT")

func chance(probability float64) bool { return rand.Float64() < probability }

// longTailed sleeps for a log-normal time.
func longTailed(medianMs, limitMs float64) {
	ms := math.Min(math.Exp(rand.NormFloat64()*0.8)*medianMs, limitMs)
	time.Sleep(time.Duration(ms * float64(time.Millisecond)))
}

func answer(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

func front(serving string) (int, string) {
	if chance(0.06) {
		return 200, answer("cached")
	}
	targets := []func() int{
		func() int { return get(middlePort, "/item", serving) },
		func() int { return get(leafPort, "/price", serving) },
	}
	if chance(0.5) {
		targets = append(targets, func() int { return get(leafPort, "/stock", serving) })
	}
	statuses := make([]int, len(targets))
	var group sync.WaitGroup
	for i, target := range targets {
		i, target := i, target
		group.Add(1)
		go func() {
			defer group.Done()
			statuses[i] = target()
		}()
	}
	group.Wait()
	last := 200
	if !chance(0.08) {
		last = get(leafPort, "/price", serving)
		if last == 503 {
			last = get(leafPort, "/price", serving)
		}
	}
	if chance(0.03) {
		return 500, answer("front")
	}
	for _, status := range append(statuses, last) {
		if status >= 500 {
			return 502, answer(statuses)
		}
	}
	return 200, answer(statuses)
}

func middle(serving string) (int, string) {
	if chance(0.04) {
		return 404, answer("unknown item")
	}
	longTailed(0.7, 20)
	status := get(leafPort, "/detail", serving)
	if status == 503 || chance(0.25) {
		status = get(leafPort, "/detail", serving)
	}
	return status, answer(status)
}

func leaf(serving string) (int, string) {
	longTailed(8, 120)
	digest := sha256.Sum256([]byte(serving))
	if chance(0.04) {
		return 503, answer("leaf")
	}
	return 200, answer(fmt.Sprintf("%x", digest))
}
