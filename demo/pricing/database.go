package main

import (
	"database/sql"
	"fmt"

	_ "github.com/lib/pq"
)

var products = []string{"anvil", "rope", "magnet", "rocket", "paint", "spring", "tunnel", "umbrella"}

// slow is the query of a product whose price is worked out anew each time; all others are looked up.
const (
	quick = "SELECT cents FROM prices WHERE sku = $1"
	slow  = "SELECT cents FROM prices, pg_sleep(0.25 + 0.3 * random()) WHERE sku = $1"
)

// database holds the prices in PostgreSQL, behind the connection pool of database/sql.
type database struct{ pool *sql.DB }

func openDatabase(port string) (*database, error) {
	pool, err := sql.Open("postgres", "host=127.0.0.1 port="+port+" user=postgres dbname=postgres sslmode=disable")
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(8)
	if _, err := pool.Exec("CREATE TABLE IF NOT EXISTS prices (sku text PRIMARY KEY, cents int NOT NULL)"); err != nil {
		return nil, fmt.Errorf("the prices cannot be stored: %w", err)
	}
	for _, sku := range products {
		if _, err := pool.Exec("INSERT INTO prices VALUES ($1, $2) ON CONFLICT DO NOTHING", sku, listPrice(sku)); err != nil {
			return nil, fmt.Errorf("the prices cannot be stored: %w", err)
		}
	}
	return &database{pool}, nil
}

func (d *database) price(sku string) (cents int, err error) {
	query := quick
	if sku == "anvil" {
		query = slow
	}
	err = d.pool.QueryRow(query, sku).Scan(&cents)
	return cents, err
}
