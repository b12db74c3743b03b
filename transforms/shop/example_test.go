package shop_test

import (
	"fmt"

	"github.com/perennial-clv/perennial/transforms/shop"
)

func Example() {
	s, err := shop.New(shop.Settings{Customers: 100, Clean: true, IntegerKeys: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	var csv []byte
	for batch := range s.Batches(1000) {
		for i := range batch {
			csv = shop.AppendCSV(csv, &batch[i])
		}
	}
	report := s.Report()
	fmt.Println("customers:", report.Customers)
	fmt.Println("every row is a sale:", report.Sales == report.Rows)
	// Output:
	// customers: 100
	// every row is a sale: true
}
