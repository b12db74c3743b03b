package money_test

import (
	"fmt"

	"github.com/perennial-clv/perennial/transforms/money"
)

// Quantity times unit price is multiplied exactly and rounded once.
func ExampleMultiply() {
	price, fault := money.ParseDecimal("0.12345")
	if fault != money.NoFault {
		fmt.Println(fault)
		return
	}
	amount, rounded, _ := money.Multiply(money.FromInt(3), price)
	fmt.Println(money.Format(amount), rounded)
	// Output: 0.3704 true
}

func ExampleParse() {
	for _, text := range []string{"12.50", "12.505", "1e3"} {
		if amount, fault := money.Parse(text, 2); fault != money.NoFault {
			fmt.Println(fault)
		} else {
			fmt.Println(amount, money.Format(amount))
		}
	}
	// Output:
	// 125000 12.5
	// too many decimals
	// not a number
}
