// Prices and quotes, kept in PostgreSQL; each request on its goroutine, a quote's parts on goroutines of their own.
//
//	GET /prices/{sku}   POST /quotes
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
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

// prices knows what a product costs, in cents.
type prices interface{ price(sku string) (int, error) }

// list is the prices as printed, where there is no database.
type list struct{}

func (list) price(sku string) (int, error) {
	if sku == "anvil" {
		time.Sleep(400 * time.Millisecond)
	}
	return listPrice(sku), nil
}

func listPrice(sku string) int {
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

func refuse(response http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, sql.ErrNoRows) {
		status = http.StatusNotFound
	}
	answer(response, status, map[string]any{"error": err.Error()})
}

type service struct{ prices prices }

func (s service) price(response http.ResponseWriter, request *http.Request) {
	sku := strings.TrimPrefix(request.URL.Path, "/prices/")
	cents, err := s.prices.price(sku)
	if err != nil {
		refuse(response, err)
		return
	}
	answer(response, http.StatusOK, map[string]any{"sku": sku, "cents": cents})
}

func (s service) quote(response http.ResponseWriter, request *http.Request) {
	var wanted struct {
		Sku      string
		Quantity int
	}
	if err := json.NewDecoder(request.Body).Decode(&wanted); err != nil {
		answer(response, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	var cents, stock int
	var failed error
	var group sync.WaitGroup
	group.Add(2)
	go func() {
		defer group.Done()
		cents, failed = s.prices.price(wanted.Sku)
	}()
	go func() {
		defer group.Done()
		stock = left(wanted.Sku)
	}()
	group.Wait()
	if failed != nil {
		refuse(response, failed)
		return
	}
	if stock > 400 {
		cents = cents * 9 / 10
	}
	answer(response, http.StatusOK, map[string]any{"cents": cents * wanted.Quantity})
}

func openPrices() (prices, error) {
	port := os.Getenv("POSTGRES_PORT")
	if port == "" {
		return list{}, nil
	}
	return openDatabase(port)
}

func main() {
	prices, err := openPrices()
	if err == nil {
		s := service{prices}
		http.HandleFunc("/prices/", s.price)
		http.HandleFunc("/quotes", s.quote)
		err = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
