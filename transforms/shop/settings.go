package shop

import (
	"errors"
	"fmt"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Settings say which shop to simulate. The zero value of each field stands for
// its default.
type Settings struct {
	// Customers is how many customers buy at least once; 10,000 if Rows is
	// zero as well.
	Customers int
	// Rows, if positive, is the exact length of the log: customers come until
	// it is full, and the last one's history may be cut short. With Customers
	// it is about the length: Truth is then scaled until so many customers
	// make so many rows (see scale.go), all of whose histories are whole.
	Rows int
	// From and To are the first and last day on which customers arrive;
	// 2023-01-01 and 2024-12-31. A log that is not clean runs on for three
	// days after To, as one that was exported later does.
	From, To calendar.Day
	// IntegerKeys makes customer keys the integers from 1; otherwise they are
	// texts of 36 characters in the form of a UUID.
	IntegerKeys bool
	// Clean leaves everything out that the models do not know: dirt, refunds,
	// season. Each row is then one purchase, at a time between 6 and 18 o'clock
	// UTC, so that its civil day is the same in every zone up to six hours away.
	Clean bool
	// Seed selects one of many logs of the same shop; 1.
	Seed uint64
}

const (
	defaultCustomers = 10_000
	defaultSeed      = 1

	// maxDays keeps seconds since From within the 32 bits of a sort key.
	maxDays = 100 * 366
)

// withDefaults returns s with every zero replaced by its default.
func (s Settings) withDefaults() Settings {
	if s.Customers == 0 && s.Rows == 0 {
		s.Customers = defaultCustomers
	}
	if s.From == 0 {
		s.From = calendar.Date(2023, 1, 1)
	}
	if s.To == 0 {
		s.To = calendar.Date(2024, 12, 31)
	}
	if s.Seed == 0 {
		s.Seed = defaultSeed
	}
	return s
}

// validate reports every setting that makes no shop. It expects defaults
// to be filled in.
func (s Settings) validate() error {
	var problems []error
	if s.Customers < 0 {
		problems = append(problems, fmt.Errorf("customers: %d is negative", s.Customers))
	}
	if s.Rows < 0 {
		problems = append(problems, fmt.Errorf("rows: %d is negative", s.Rows))
	}
	if s.Rows > 0 && s.Rows < s.Customers {
		problems = append(problems, fmt.Errorf("rows: %d are too few for %d customers, who make one each at least", s.Rows, s.Customers))
	}
	if s.From > s.To {
		problems = append(problems, fmt.Errorf("from: %v is after to, %v", s.From, s.To))
	}
	if int64(s.To)-int64(s.From) >= maxDays {
		problems = append(problems, fmt.Errorf("to: %v is more than 100 years after from, %v", s.To, s.From))
	}
	return errors.Join(problems...)
}
