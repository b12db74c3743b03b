package calendar_test

import (
	_ "embed"
	"math"
	"math/rand"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones are there on every machine

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// zones lists every name in Go's copy of the zone database:
//
//	unzip -Z1 $(go env GOROOT)/lib/time/zoneinfo.zip | grep -v '/$' | LC_ALL=C sort
//
//go:embed testdata/zones.txt
var zones string

const (
	second = int64(1_000_000) // in microseconds
	minute = 60 * second
	hour   = 60 * minute
	oneDay = 24 * hour
)

func load(t testing.TB, name string) (*calendar.Zone, *time.Location) {
	t.Helper()
	z, err := calendar.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z, location
}

// utc returns the microseconds of a time written as RFC 3339, or of a civil
// time written so with Z.
func utc(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMicro()
}

// offsetAt is the offset, in microseconds, that package time knows.
func offsetAt(location *time.Location, micros int64) int64 {
	_, offset := time.UnixMicro(micros).In(location).Zone()
	return int64(offset) * second
}

func checkDay(t *testing.T, z *calendar.Zone, location *time.Location, micros int64) {
	t.Helper()
	year, month, of := time.UnixMicro(micros).In(location).Date()
	if got, want := z.Day(micros), calendar.Date(year, int(month), of); got != want {
		t.Fatalf("%v: day of %v is %v; want %v", z, time.UnixMicro(micros).UTC(), got, want)
	}
}

// checkMidnight checks the instants at and before a civil midnight, far from
// any transition.
func checkMidnight(t *testing.T, z *calendar.Zone, civil, offset int64) {
	t.Helper()
	want := calendar.Day(civil / oneDay)
	if got, before := z.Day(civil-offset), z.Day(civil-offset-1); got != want || before != want-1 {
		t.Fatalf("%v: midnight of %v is in %v, and the microsecond before it in %v", z, want, got, before)
	}
}

// checkInstant compares with trying both offsets that a civil time near a
// transition can have, the larger last because it gives the earlier instant.
func checkInstant(t *testing.T, z *calendar.Zone, location *time.Location, civil, before, after int64) {
	t.Helper()
	want, wantOK := int64(0), false
	for _, offset := range []int64{min(before, after), max(before, after)} {
		if offsetAt(location, civil-offset) == offset {
			want, wantOK = civil-offset, true
		}
	}
	if got, ok := z.Instant(civil); ok != wantOK || got != want {
		t.Fatalf("%v: instant of %v is %v, %t; want %v, %t", z, time.UnixMicro(civil).UTC(), time.UnixMicro(got).UTC(), ok, time.UnixMicro(want).UTC(), wantOK)
	}
}

// transition returns the microsecond in (from, to] from which on another
// offset than that of from holds. It bisects, and asks only for offsets.
func transition(location *time.Location, from, to int64) int64 {
	for to-from > 1 {
		middle := from + (to-from)/2
		if offsetAt(location, middle) == offsetAt(location, from) {
			from = middle
		} else {
			to = middle
		}
	}
	return to
}

func TestEveryZoneAgreesWithPackageTime(t *testing.T) {
	first, last := utc(t, "1990-01-01T00:00:00Z"), utc(t, "2040-12-31T00:00:00Z")
	transitions := 0
	for _, name := range strings.Fields(zones) {
		z, location := load(t, name)
		before, after := offsetAt(location, first-oneDay), offsetAt(location, first)
		for at := first; at < last; at += oneDay {
			previous := before
			before, after = after, offsetAt(location, at+oneDay)
			if previous == before && before == after {
				checkMidnight(t, z, at, before)
				continue
			}
			checkDay(t, z, location, at-before-1)
			checkDay(t, z, location, at-before)
			if before == after {
				continue
			}
			transitions++
			change := transition(location, at, at+oneDay)
			for _, d := range []int64{-second, -1, 0, second} {
				checkDay(t, z, location, change+d)
			}
			for _, d := range []int64{-30 * minute, -second, -1, 0, 1, second, 30 * minute} {
				checkInstant(t, z, location, change+before+d, before, after)
				checkInstant(t, z, location, change+after+d, before, after)
			}
		}
	}
	// Enough to be sure that there was something to compare: zones with
	// summer time have about 100 changes each.
	if transitions < 10_000 {
		t.Errorf("only %d transitions were found", transitions)
	}
}

// Every 53 days and some hours from year 1 to 9999: the time before a zone's
// first transition, the edges of what is laid out and the folded future.
func TestZonesHoldForAllYears(t *testing.T) {
	first, last := utc(t, "0001-01-01T00:00:00Z"), utc(t, "9999-12-31T00:00:00Z")
	for _, name := range []string{"UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Manila", "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu"} {
		z, location := load(t, name)
		for at := first; at < last; at += 53*oneDay + 7*hour + 11*minute {
			checkDay(t, z, location, at)
			offset := offsetAt(location, at)
			if back, ok := z.Instant(at + offset); !ok || back > at || back < at-25*hour || back+offsetAt(location, back) != at+offset {
				t.Fatalf("%v: %v comes back as %v, %t", z, time.UnixMicro(at).UTC(), time.UnixMicro(back).UTC(), ok)
			}
		}
	}
}

func TestInstantOfCivilTimesSkippedAndRepeated(t *testing.T) {
	for _, c := range []struct{ zone, civil, want string }{
		{"America/Sao_Paulo", "2018-11-03T23:59:59.999999Z", "2018-11-04T02:59:59.999999Z"},
		{"America/Sao_Paulo", "2018-11-04T00:00:00Z", ""}, // the day begins at one
		{"America/Sao_Paulo", "2018-11-04T00:59:59Z", ""},
		{"America/Sao_Paulo", "2018-11-04T01:00:00Z", "2018-11-04T03:00:00Z"},
		{"Pacific/Apia", "2011-12-29T23:59:59Z", "2011-12-30T09:59:59Z"},
		{"Pacific/Apia", "2011-12-30T00:00:00Z", ""}, // a day that never was
		{"Pacific/Apia", "2011-12-30T23:59:59Z", ""},
		{"Pacific/Apia", "2011-12-31T00:00:00Z", "2011-12-30T10:00:00Z"},
		{"Australia/Lord_Howe", "2024-04-07T01:45:00Z", "2024-04-06T14:45:00Z"}, // half an hour twice, +11:00 first
		{"Australia/Lord_Howe", "2024-04-07T02:00:00Z", "2024-04-06T15:30:00Z"},
		{"Australia/Lord_Howe", "2024-10-06T02:15:00Z", ""}, // and half an hour never
		{"Australia/Lord_Howe", "2024-10-06T02:30:00Z", "2024-10-05T15:30:00Z"},
		{"Europe/London", "2024-10-27T01:30:00Z", "2024-10-27T00:30:00Z"}, // still summer time
		{"America/New_York", "2024-03-10T02:30:00Z", ""},
		{"America/New_York", "2024-03-31T23:30:00Z", "2024-04-01T03:30:00Z"},
		{"America/New_York", "4024-03-31T23:30:00Z", "4024-04-01T03:30:00Z"},
		{"UTC", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
	} {
		z, _ := load(t, c.zone)
		got, ok := z.Instant(utc(t, c.civil))
		if ok != (c.want != "") || ok && got != utc(t, c.want) {
			t.Errorf("%s: instant of %s is %v, %t; want %s", c.zone, c.civil, time.UnixMicro(got).UTC(), ok, c.want)
		}
	}
}

func TestDayOfAnInstant(t *testing.T) {
	for _, c := range []struct{ zone, instant, want string }{
		{"America/New_York", "2024-04-01T03:59:59.999999Z", "2024-03-31"},
		{"America/New_York", "2024-04-01T04:00:00Z", "2024-04-01"},
		{"Pacific/Kiritimati", "2024-03-31T10:00:00Z", "2024-04-01"}, // +14:00
		{"Etc/GMT+12", "2024-04-01T11:59:59Z", "2024-03-31"},         // −12:00
		{"UTC", "1969-12-31T23:59:59.999999Z", "1969-12-31"},
		{"UTC", "1970-01-01T00:00:00Z", "1970-01-01"},
	} {
		z, _ := load(t, c.zone)
		if got := z.Day(utc(t, c.instant)); got.String() != c.want {
			t.Errorf("%s: day of %s is %v; want %s", c.zone, c.instant, got, c.want)
		}
	}
}

// The ends of int64 are 292 277 years away: 9 223 372 036 854 775 807 µs are
// 106 751 991 days and 4 hours. Tokyo's clocks are 9 hours ahead, so there the
// first instant, at 20:00 UTC of day −106 751 992, is on the next day.
func TestDayOfTheFarthestInstants(t *testing.T) {
	z, _ := load(t, "Asia/Tokyo")
	if got := z.Day(math.MaxInt64); got != 106_751_991 {
		t.Errorf("day of the last instant is %d", got)
	}
	if got := z.Day(math.MinInt64); got != -106_751_991 {
		t.Errorf("day of the first instant is %d", got)
	}
}

func TestLoadZoneWantsAName(t *testing.T) {
	for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd", "CEST"} {
		if z, err := calendar.LoadZone(name); err == nil {
			t.Errorf("LoadZone(%q) = %v; want an error", name, z)
		}
	}
	if z, _ := load(t, "Europe/London"); z.String() != "Europe/London" {
		t.Errorf("Europe/London is called %q", z)
	}
}

func BenchmarkZoneDay(b *testing.B) {
	z, _ := load(b, "Europe/London")
	first := utc(b, "2009-12-01T00:00:00Z")
	total := calendar.Day(0)
	for i := range b.N {
		total += z.Day(first + int64(i%700)*oneDay + int64(i)*second)
	}
	if total == 0 {
		b.Fatal("no days")
	}
}

func BenchmarkLoadZone(b *testing.B) {
	for b.Loop() {
		load(b, "Europe/London")
	}
}

// Days are those of Day one by one, whatever the order of the instants: within
// the layout, across changes of clocks, and outside of it.
func TestDaysAreThoseOfDay(t *testing.T) {
	rng := rand.New(rand.NewSource(8))
	for _, name := range []string{"UTC", "Europe/London", "America/St_Johns", "Pacific/Apia", "Africa/Monrovia"} {
		zone, err := calendar.LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		micros := make([]int64, 20_000)
		for i := range micros {
			switch rng.Intn(4) {
			case 0: // anywhere from year 1 to 9999
				micros[i] = rng.Int63n(315_537_897_600_000_000) - 62_135_596_800_000_000
			case 1: // just before or after the one before
				micros[i] = micros[max(0, i-1)] + rng.Int63n(7_200_000_000) - 3_600_000_000
			default: // from 1970 to 2033
				micros[i] = rng.Int63n(2_000_000_000_000_000)
			}
		}
		days := make([]calendar.Day, len(micros))
		zone.Days(days, micros)
		for i, at := range micros {
			if want := zone.Day(at); days[i] != want {
				t.Fatalf("%s: %d is on day %d, want %d", name, at, days[i], want)
			}
		}
	}
}

// By what package time says of the instants: New York's day of 23 hours, Sao
// Paulo's without a first hour (to 01:00) and with a last one lived twice,
// Newfoundland's that goes on after its first midnight (00:01 back to 23:01).
func TestEndOfADay(t *testing.T) {
	for _, c := range []struct {
		zone string
		day  calendar.Day
		want string
	}{
		{"UTC", calendar.Date(2011, 12, 9), "2011-12-10T00:00:00Z"},
		{"Europe/London", calendar.Date(2024, 6, 30), "2024-06-30T23:00:00Z"},
		{"America/New_York", calendar.Date(2024, 3, 10), "2024-03-11T04:00:00Z"},
		{"America/Sao_Paulo", calendar.Date(2018, 11, 3), "2018-11-04T03:00:00Z"},
		{"America/Sao_Paulo", calendar.Date(2019, 2, 16), "2019-02-17T03:00:00Z"},
		{"America/St_Johns", calendar.Date(2010, 11, 6), "2010-11-07T03:30:00Z"},
		{"Pacific/Kiritimati", calendar.Date(2024, 1, 1), "2024-01-01T10:00:00Z"},
		{"Etc/GMT+12", calendar.Date(2024, 1, 1), "2024-01-02T12:00:00Z"},
	} {
		z, _ := load(t, c.zone)
		if got, want := z.End(c.day), utc(t, c.want); got != want {
			t.Errorf("%s ends in %s at %v, want %v", c.day, c.zone, time.UnixMicro(got).UTC(), time.UnixMicro(want).UTC())
		}
	}
}
