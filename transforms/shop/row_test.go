package shop

import (
	"regexp"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// 2024-02-29T10:00:00Z is 1709200800 by `date -u -d 2024-02-29T10:00:00Z +%s`.
var leapDay = Row{OrderID: "SO-0000000001", CustomerID: "k", OccurredAt: 1709200800e6, Amount: 12_340_500, Country: "DE", Channel: "email", Currency: "EUR"}

func TestCSVLines(t *testing.T) {
	refund, cents, guest, badAmount, badTime := leapDay, leapDay, leapDay, leapDay, leapDay
	refund.CustomerID, refund.CustomerKey, refund.Amount = "", 17, -500
	cents.Amount = 700
	guest.CustomerID, guest.Amount = "", 0
	badAmount.RawAmount = "n/a"
	badTime.RawTime = "31.12."
	for _, test := range []struct {
		name string
		row  Row
		want string
	}{
		{"sale", leapDay, "SO-0000000001,k,2024-02-29T10:00:00Z,1234.05,DE,email,EUR\n"},
		{"refund below one, integer key", refund, "SO-0000000001,17,2024-02-29T10:00:00Z,-0.05,DE,email,EUR\n"},
		{"cents", cents, "SO-0000000001,k,2024-02-29T10:00:00Z,0.07,DE,email,EUR\n"},
		{"guest, zero", guest, "SO-0000000001,,2024-02-29T10:00:00Z,0.00,DE,email,EUR\n"},
		{"broken amount", badAmount, "SO-0000000001,k,2024-02-29T10:00:00Z,n/a,DE,email,EUR\n"},
		{"broken time", badTime, "SO-0000000001,k,31.12.,1234.05,DE,email,EUR\n"},
	} {
		if got := string(AppendCSV(nil, &test.row)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTextKeysAreDistinctUUIDs(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for number := range int64(10_000) {
		key := string(appendKey(nil, 1, number))
		if !uuid.MatchString(key) || seen[key] {
			t.Fatalf("key of customer %d is %q: no UUID, or not the first", number, key)
		}
		seen[key] = true
	}
}

func TestRecordHasNullsWhereNothingIsKnown(t *testing.T) {
	text, integer, guest, badAmount, badTime := leapDay, leapDay, leapDay, leapDay, leapDay
	integer.CustomerID, integer.CustomerKey = "", 17
	guest.CustomerID = ""
	badAmount.RawAmount = "n/a"
	badTime.RawTime = "31.12."
	record := Definition(false).Record([]Row{text, guest, badAmount, badTime})
	defer record.Release()
	const customer, time, amount = 1, 2, 3
	for _, want := range []struct{ column, nullAt int }{{customer, 1}, {amount, 2}, {time, 3}} {
		column := record.Column(want.column)
		if column.NullN() != 1 || !column.IsNull(want.nullAt) {
			t.Errorf("column %s = %v, want one null, in row %d", record.ColumnName(want.column), column, want.nullAt)
		}
	}
	record = Definition(true).Record([]Row{integer, guest})
	defer record.Release()
	if keys, ok := record.Column(customer).(*array.Int64); !ok || keys.Value(0) != 17 || !keys.IsNull(1) {
		t.Errorf("integer keys = %v, want 17 and null", record.Column(customer))
	}
}
