package main

// job is a request that waits for a worker; the worker puts the answer into `done`.
type job struct {
	serving string
	done    chan int
}

// Unbuffered: a handler waits until a worker takes its job.
var jobs = make(chan job)

func startWorkers(count int) {
	for i := 0; i < count; i++ {
		go func() {
			for taken := range jobs {
				taken.done <- step(taken.serving)
			}
		}()
	}
}

// step makes one or two calls, one after the other.
func step(serving string) int {
	status := get(middlePort, "/item", serving)
	if status == 503 || chance(0.5) {
		status = get(leafPort, "/price", serving)
	}
	return status
}

// pool is a front whose handlers hand their requests over to a fixed number of goroutines.
func pool(serving string) (int, string) {
	if chance(0.06) {
		return 200, answer("cached")
	}
	done := make(chan int, 1)
	jobs <- job{serving, done}
	status := <-done
	if chance(0.03) {
		return 500, answer("pool")
	}
	if status >= 500 {
		return 502, answer(status)
	}
	return 200, answer(status)
}
