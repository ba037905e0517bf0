// Prices and quotes; each request on its goroutine, a quote's parts on goroutines of their own.
//
//	GET /prices/{sku}   POST /quotes
package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

var ordersPort = os.Getenv("ORDERS_PORT")

var client = &http.Client{
	Timeout:   10 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
}

// priceOf computes a price in cents. The supplier of anvils is slow to answer.
func priceOf(sku string) int {
	if sku == "anvil" {
		time.Sleep(time.Duration(250+rand.Intn(350)) * time.Millisecond)
	} else {
		time.Sleep(time.Duration(1+rand.Intn(4)) * time.Millisecond)
	}
	sum := fnv.New32a()
	sum.Write([]byte(sku))
	return 199 + int(sum.Sum32()%9000)
}

// left asks the orders service how many are in stock; 0 when it does not know.
func left(sku string) int {
	if ordersPort == "" {
		return 0
	}
	response, err := client.Get("http://127.0.0.1:" + ordersPort + "/stock/" + sku)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var stock struct{ Left int }
	json.NewDecoder(response.Body).Decode(&stock)
	io.Copy(io.Discard, response.Body)
	return stock.Left
}

func answer(response http.ResponseWriter, status int, value any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	json.NewEncoder(response).Encode(value)
}

func prices(response http.ResponseWriter, request *http.Request) {
	sku := strings.TrimPrefix(request.URL.Path, "/prices/")
	answer(response, http.StatusOK, map[string]any{"sku": sku, "cents": priceOf(sku)})
}

func quotes(response http.ResponseWriter, request *http.Request) {
	var wanted struct {
		Sku      string
		Quantity int
	}
	if err := json.NewDecoder(request.Body).Decode(&wanted); err != nil {
		answer(response, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	var cents, stock int
	var group sync.WaitGroup
	group.Add(2)
	go func() {
		defer group.Done()
		cents = priceOf(wanted.Sku)
	}()
	go func() {
		defer group.Done()
		stock = left(wanted.Sku)
	}()
	group.Wait()
	if stock > 400 {
		cents = cents * 9 / 10
	}
	answer(response, http.StatusOK, map[string]any{"cents": cents * wanted.Quantity})
}

func main() {
	http.HandleFunc("/prices/", prices)
	http.HandleFunc("/quotes", quotes)
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
