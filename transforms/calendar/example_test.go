package calendar_test

import (
	"fmt"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// A sale late in the evening of New York belongs to the month that ends there,
// although it is the next month already in UTC.
func ExampleZone_Day() {
	zone, err := calendar.LoadZone("America/New_York")
	if err != nil {
		fmt.Println(err)
		return
	}
	sale, _ := calendar.Format{}.Parse("2024-04-01T03:30:00Z")
	day := zone.Day(sale.Micros)
	var months calendar.Calendar
	fmt.Println(day, months.Start(calendar.ByMonth, months.Index(calendar.ByMonth, day)))
	// Output: 2024-03-31 2024-03-01
}

func ExampleRollingOffset() {
	first := calendar.Date(2024, 1, 31)
	for _, day := range []calendar.Day{calendar.Date(2024, 2, 28), calendar.Date(2024, 2, 29), calendar.Date(2024, 3, 31)} {
		fmt.Println(day, calendar.RollingOffset(calendar.ByMonth, first, day))
	}
	// Output:
	// 2024-02-28 0
	// 2024-02-29 1
	// 2024-03-31 2
}
