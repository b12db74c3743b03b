package calendar_test

import (
	"testing"
	"time"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// midnight returns d as an instant of package time, which serves these tests
// as the other implementation of the Gregorian calendar.
func midnight(d calendar.Day) time.Time {
	return time.Unix(int64(d)*86_400, 0).UTC()
}

func day(t *testing.T, s string) calendar.Day {
	t.Helper()
	d, ok := calendar.ParseDay(s)
	if !ok {
		t.Fatalf("ParseDay(%q) is not ok", s)
	}
	return d
}

func TestDateAgreesWithPackageTimeOnEveryDay(t *testing.T) {
	first, last := calendar.Date(1, 1, 1), calendar.Date(9999, 12, 31)
	if first != -719_162 || last != 2_932_896 { // GNU date -d 0001-01-01 +%s ÷ 86400, and of 9999-12-31
		t.Fatalf("the years 1 to 9999 are days %d to %d", first, last)
	}
	for d := first; d <= last; d++ {
		year, month, of := d.Date()
		if y, m, o := midnight(d).Date(); y != year || int(m) != month || o != of {
			t.Fatalf("day %d is %d-%d-%d; want %d-%d-%d", d, year, month, of, y, m, o)
		}
		if back := calendar.Date(year, month, of); back != d {
			t.Fatalf("Date(%d, %d, %d) = %d; want %d", year, month, of, back, d)
		}
		if got, want := d.Weekday(), (int(midnight(d).Weekday())+6)%7; got != want {
			t.Fatalf("%v: weekday %d; want %d", d, got, want)
		}
	}
}

func TestDateWorksBeforeYearOne(t *testing.T) {
	for _, d := range []calendar.Day{-719_163, -719_528, -719_529, -10_000_000} {
		year, month, of := d.Date()
		if y, m, o := midnight(d).Date(); y != year || int(m) != month || o != of {
			t.Errorf("day %d is %d-%d-%d; want %d-%d-%d", d, year, month, of, y, m, o)
		}
	}
}

func TestDatePanicsWhereThereIsNoSuchDay(t *testing.T) {
	for _, c := range [][3]int{{2023, 2, 29}, {1900, 2, 29}, {2024, 4, 31}, {2024, 13, 1}, {2024, 0, 1}, {2024, 1, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Date%v does not panic", c)
				}
			}()
			calendar.Date(c[0], c[1], c[2])
		}()
	}
}

func TestParseDayIsStrict(t *testing.T) {
	for _, s := range []string{"1970-01-01", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"} {
		if got := day(t, s).String(); got != s {
			t.Errorf("ParseDay(%q).String() = %q", s, got)
		}
	}
	for _, s := range []string{
		"", "2024-1-01", "2024-01-1", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32", "2023-02-29", "1900-02-29",
		"0000-01-01", "-001-01-01", "20240101", "2024/01/01", "2024-01-01 ", " 2024-01-01", "2024-01-01T", "2024-0a-01", "2O24-01-01", "20240-1-01",
	} {
		if d, ok := calendar.ParseDay(s); ok {
			t.Errorf("ParseDay(%q) = %v; want not ok", s, d)
		}
	}
}

func TestAddMonthsClampsToTheEndOfTheMonth(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2024-01-31", 1, "2024-02-29"},
		{"2023-01-31", 1, "2023-02-28"},
		{"2024-01-31", 2, "2024-03-31"},
		{"2024-01-31", 3, "2024-04-30"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2024-03-31", -1, "2024-02-29"},
		{"2024-01-15", -1, "2023-12-15"},
		{"2024-12-15", 1, "2025-01-15"},
		{"2024-05-17", 0, "2024-05-17"},
		{"2000-01-31", -1199, "1900-02-28"},
	} {
		if got := day(t, c.from).AddMonths(c.n).String(); got != c.want {
			t.Errorf("%s + %d months = %s; want %s", c.from, c.n, got, c.want)
		}
	}
}
