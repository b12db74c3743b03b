package shop

import (
	"strconv"
	"time"
)

// Row is one row of the log: a signed money row of an order.
type Row struct {
	OrderID     string
	CustomerID  string // "" if there is none, or if keys are integers
	CustomerKey int64  // from 1; 0 if there is none, or if keys are texts
	OccurredAt  int64  // in microseconds since 1970 UTC; a whole second
	Amount      int64  // in units of 10^-4, whole cents
	Country     string
	Channel     string
	Currency    string

	// RawAmount and RawTime are, in an unreadable row, the text that stands in
	// the place of the amount or the time, which then mean nothing; else "".
	RawAmount, RawTime string
}

const currency = "EUR"

// The texts of unreadable rows need no quotes in CSV.
var (
	brokenAmounts = []string{"n/a", "12.3O", "1.2.3", "--"}
	brokenTimes   = []string{"2024-02-30T10:00:00Z", "31.12.", "yesterday", "2024-13-01"}
)

// Rows returns the rows from..to of the block. All their ids are cut from one
// text, which spares an allocation for each. It may run beside other calls.
func (b *Block) Rows(from, to int) []Row {
	postings := b.postings[from:to]
	ids := make([]byte, 0, len(postings)*(orderIDLength+keyLength))
	for i := range postings {
		p := &postings[i]
		ids = appendOrderID(ids, b.before+p.order)
		if !b.shop.settings.IntegerKeys && p.kind != guest {
			ids = appendKey(ids, b.shop.settings.Seed, p.customer)
		}
	}
	rows, text := make([]Row, len(postings)), string(ids)
	for i := range postings {
		text = b.shop.row(&rows[i], &postings[i], text)
	}
	return rows
}

// row fills the row of a posting whose ids are at the start of a text, and
// returns the rest of the text.
func (s *Shop) row(row *Row, p *posting, text string) (rest string) {
	start := int64(s.settings.From) * secondsPerDay
	row.OrderID, rest = text[:orderIDLength], text[orderIDLength:]
	row.OccurredAt = (start + int64(p.second)) * int64(time.Second/time.Microsecond)
	row.Amount = p.amount
	row.Country = s.truth.Countries[p.country].Value
	row.Channel = s.truth.Channels[p.channel].Value
	row.Currency = currency
	switch {
	case s.settings.IntegerKeys:
		row.CustomerKey = p.customer
	case p.kind != guest:
		row.CustomerID, rest = rest[:keyLength], rest[keyLength:]
	}
	switch p.kind {
	case brokenAmount:
		row.RawAmount = brokenAmounts[p.order%int64(len(brokenAmounts))]
	case brokenTime:
		row.RawTime = brokenTimes[p.order%int64(len(brokenTimes))]
	}
	return rest
}

const orderIDLength = len("SO-0123456789")

// appendOrderID appends SO- and an order's number in ten digits.
func appendOrderID(dst []byte, order int64) []byte {
	dst = append(dst, "SO-"...)
	for unit := int64(1e9); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+order/unit%10))
	}
	return dst
}

const keyLength = len("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx")

// appendKey appends a customer's text key: a UUID of version 4 whose 122 free
// bits are a hash of seed and number. Among n customers two have the same
// with probability n²/2¹²³.
func appendKey(dst []byte, seed uint64, number int64) []byte {
	high := mix(mix(seed) + uint64(number))
	low := mix(high ^ uint64(number))
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 1<<63
	dst = appendHex(dst, high>>32, 8)
	dst = appendHex(append(dst, '-'), high>>16, 4)
	dst = appendHex(append(dst, '-'), high, 4)
	dst = appendHex(append(dst, '-'), low>>48, 4)
	return appendHex(append(dst, '-'), low, 12)
}

// appendHex appends the last digits of v.
func appendHex(dst []byte, v uint64, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[v>>shift&0xf])
	}
	return dst
}

// mix is the output function of SplitMix64 (Steele, Lea and Flood 2014): a
// permutation of the 64-bit integers without visible structure.
func mix(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// Header is the first line of the CSV form.
const Header = "order_id,customer_id,occurred_at,amount,country,channel,currency\n"

// AppendCSV appends a row's line of the CSV form: times as
// 2024-02-29T10:00:00Z, amounts with two decimals, no customer as nothing.
func AppendCSV(dst []byte, r *Row) []byte {
	dst = append(append(dst, r.OrderID...), ',')
	dst = append(dst, r.CustomerID...)
	if r.CustomerKey != 0 {
		dst = strconv.AppendInt(dst, r.CustomerKey, 10)
	}
	dst = append(dst, ',')
	if r.RawTime != "" {
		dst = append(dst, r.RawTime...)
	} else {
		dst = time.UnixMicro(r.OccurredAt).UTC().AppendFormat(dst, time.RFC3339)
	}
	dst = append(dst, ',')
	if r.RawAmount != "" {
		dst = append(dst, r.RawAmount...)
	} else {
		dst = appendAmount(dst, r.Amount)
	}
	for _, text := range []string{r.Country, r.Channel, r.Currency} {
		dst = append(append(dst, ','), text...)
	}
	return append(dst, '\n')
}

// appendAmount appends an amount in units of 10^-4 with two decimals.
func appendAmount(dst []byte, amount int64) []byte {
	if amount < 0 {
		dst = append(dst, '-')
		amount = -amount
	}
	dst = strconv.AppendInt(dst, amount/(100*cent), 10)
	cents := amount / cent % 100
	return append(dst, '.', byte('0'+cents/10), byte('0'+cents%10))
}
