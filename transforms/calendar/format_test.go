package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

func format(t testing.TB, pattern string) calendar.Format {
	t.Helper()
	f, err := calendar.ParseFormat(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	civilDay  = calendar.CivilDay
	civilTime = calendar.CivilTime
	instant   = calendar.Instant
)

// accepted are texts with the moment they mean, by hand.
var accepted = []struct {
	pattern, text string
	kind          calendar.Kind
	want          string // RFC 3339; of civil moments as if UTC
}{
	{"", "2010-12-01", civilDay, "2010-12-01T00:00:00Z"},
	{"", "2010-12-01T08:26", civilTime, "2010-12-01T08:26:00Z"},
	{"", "2010-12-01 08:26:45", civilTime, "2010-12-01T08:26:45Z"},
	{"", "2010-12-01T08:26:45.5", civilTime, "2010-12-01T08:26:45.5Z"},
	{"", "2010-12-01T08:26:45.123456999", civilTime, "2010-12-01T08:26:45.123456Z"},
	{"", "1969-12-31T23:59:59.9999999", civilTime, "1969-12-31T23:59:59.999999Z"}, // cut off, also before 1970
	{"", "2010-12-01T08:26Z", instant, "2010-12-01T08:26:00Z"},
	{"", "2010-12-01 08:26:45 UTC", instant, "2010-12-01T08:26:45Z"},
	{"", "2010-12-01T08:26:45.25+01", instant, "2010-12-01T07:26:45.25Z"},
	{"", "2010-12-01T00:26:45-0530", instant, "2010-12-01T05:56:45Z"},
	{"", "2010-12-01T00:26:45+05:45", instant, "2010-11-30T18:41:45Z"},
	{"", "0001-01-01", civilDay, "0001-01-01T00:00:00Z"},
	{"", "9999-12-31T23:59:59.999999", civilTime, "9999-12-31T23:59:59.999999Z"},

	{"%Y-%m-%d", "2024-02-29", civilDay, "2024-02-29T00:00:00Z"},
	{"%Y-%m-%d", "2024-2-9", civilDay, "2024-02-09T00:00:00Z"},
	{"%m/%d/%Y %H:%M", "12/1/2010 8:26", civilTime, "2010-12-01T08:26:00Z"},
	{"%Y%m%d", "20240131", civilDay, "2024-01-31T00:00:00Z"},
	{"%Y%m%d%H%M%S", "20240131235958", civilTime, "2024-01-31T23:59:58Z"},
	{"%d.%m.%y", "31.01.68", civilDay, "2068-01-31T00:00:00Z"},
	{"%d.%m.%y", "31.01.69", civilDay, "1969-01-31T00:00:00Z"},
	{"%d-%b-%y", "15-JAN-24", civilDay, "2024-01-15T00:00:00Z"},
	{"%e %B %Y", " 5 august 2024", civilDay, "2024-08-05T00:00:00Z"},
	{"%B %e, %Y", "May 5, 2024", civilDay, "2024-05-05T00:00:00Z"},
	{"%b %e %Y", "Jan  5 2024", civilDay, "2024-01-05T00:00:00Z"},
	{"%Y%m%e", "202401 5", civilDay, "2024-01-05T00:00:00Z"},
	{"%Y-%j", "2024-366", civilDay, "2024-12-31T00:00:00Z"},
	{"%Y-%j", "2023-60", civilDay, "2023-03-01T00:00:00Z"},
	{"%m/%d/%Y %I:%M %p", "1/31/2024 12:05 AM", civilTime, "2024-01-31T00:05:00Z"},
	{"%m/%d/%Y %I:%M %p", "1/31/2024 12:05 pm", civilTime, "2024-01-31T12:05:00Z"},
	{"%m/%d/%Y %I %p", "1/31/2024 1 PM", civilTime, "2024-01-31T13:00:00Z"},
	{"%Y-%m-%d %H:%M:%S.%f", "2024-01-31 01:02:03.0405069", civilTime, "2024-01-31T01:02:03.040506Z"},
	{"%Y-%m-%dT%H:%M:%S%z", "2024-01-31T01:02:03-03:00", instant, "2024-01-31T04:02:03Z"},
	{"%Y-%m-%d %H:%M %Z", "2024-01-31 01:02 GMT", instant, "2024-01-31T01:02:00Z"},
	{"100%% %Y/%m/%d", "100% 2024/01/31", civilDay, "2024-01-31T00:00:00Z"},

	{"unix", "1706659200", instant, "2024-01-31T00:00:00Z"}, // GNU date -u -d 2024-01-31 +%s
	{"%s", "-1", instant, "1969-12-31T23:59:59Z"},
	{"unix_ms", "1706659200123", instant, "2024-01-31T00:00:00.123Z"},
	{"unix_ms", "-1", instant, "1969-12-31T23:59:59.999Z"},
	{"unix_us", "1706659200123456", instant, "2024-01-31T00:00:00.123456Z"},
}

func TestParseReadsWhatThePatternSays(t *testing.T) {
	for _, c := range accepted {
		want := calendar.Moment{Kind: c.kind, Micros: utc(t, c.want)}
		if got, ok := format(t, c.pattern).Parse(c.text); !ok || got != want {
			t.Errorf("%q reads %q as %v %v, %t; want %v %s", c.pattern, c.text, got.Kind, time.UnixMicro(got.Micros).UTC(), ok, want.Kind, c.want)
		}
	}
}

func TestParseRefusesAllElse(t *testing.T) {
	for pattern, texts := range map[string][]string{
		"": {
			"", "2024", "2024-01", "2024-1-1", "20240131", "2024-02-30", "2023-02-29", "0000-01-01", "10000-01-01",
			" 2024-01-31", "2024-01-31 ", "2024-01-31T", "2024-01-31Z", "2024-01-31T1", "2024-01-31T01", "2024-01-31T01:", "2024-01-31T1:02", "2024-01-31T01:2",
			"2024-01-31t01:02", "2024-01-31  01:02", "2024-01-31T24:00", "2024-01-31T23:60", "2024-01-31T23:59:60", "2024-01-31T23:59:6",
			"2024-01-31T01:02:03.", "2024-01-31T01:02:03,5", "2024-01-31T01:02.5", "2024-01-31T01:02:03 ", "2024-01-31T01:02:03UTC", "2024-01-31T01:02:03 GMT",
			"2024-01-31T01:02:03+", "2024-01-31T01:02:03+1", "2024-01-31T01:02:03+1:00", "2024-01-31T01:02:03+01:", "2024-01-31T01:02:03+01:0", "2024-01-31T01:02:03+010",
			"2024-01-31T01:02:03+24:00", "2024-01-31T01:02:03+01:60", "2024-01-31T01:02:03Zulu", "2024-01-31T01:02:03.5Z0", "2024-01-31T0a:02", "2024-01-31T01:02+0x",
		},
		"%Y%m%d":            {"2024131", "202401311", "2024 131", "20240132", "00000101"},
		"%m/%d/%Y":          {"13/1/2024", "2/30/2024", "/1/2024", "1/1/24", "001/1/2024", " 1/1/2024", "1/1/2024 "},
		"%Y-%j":             {"2023-366", "2024-000", "2024-367", "2024-0001"},
		"%Y-%m-%d %I:%M %p": {"2024-01-31 0:05 AM", "2024-01-31 13:05 PM", "2024-01-31 1:05 XM", "2024-01-31 1:05 A", "2024-01-31 1:05"},
		"%d %b %Y":          {"1 Janu 2024", "1 Jän 2024", "1 Ja", "1 January 2024"},
		"%d %B %Y":          {"1 Jan 2024", "1 Janitor 2024"},
		"%e.%m.%Y":          {"  5.01.2024", " 15.01.2024", " .01.2024"},
		"%Y-%m-%d %H:%M %Z": {"2024-01-31 01:02 CET", "2024-01-31 01:02 "},
		"unix":              {"", "+1", "1.5", " 1", "1e9", "-", "253402300800", "-62135596801", "99999999999999999999"},
		"unix_ms":           {"253402300800000", "-62135596800001"},
		"unix_us":           {"9223372036854775807"},
	} {
		for _, text := range texts {
			if got, ok := format(t, pattern).Parse(text); ok {
				t.Errorf("%q reads %q as %v %v; want not ok", pattern, text, got.Kind, time.UnixMicro(got.Micros).UTC())
			}
		}
	}
}

func TestParseIntRestoresLeadingZeros(t *testing.T) {
	for _, c := range []struct {
		pattern string
		v       int64
		kind    calendar.Kind
		want    string // "" if not ok
	}{
		{"%Y%m%d", 20240131, civilDay, "2024-01-31T00:00:00Z"},
		{"%d%m%Y", 1022024, civilDay, "2024-02-01T00:00:00Z"},
		{"%y%m%d", 50131, civilDay, "2005-01-31T00:00:00Z"},
		{"%Y%j", 2024060, civilDay, "2024-02-29T00:00:00Z"},
		{"%Y%m%d%H", 2024013105, civilTime, "2024-01-31T05:00:00Z"},
		{"unix", 1706659200, instant, "2024-01-31T00:00:00Z"},
		{"unix_ms", -1, instant, "1969-12-31T23:59:59.999Z"},
		{"unix_us", 1, instant, "1970-01-01T00:00:00.000001Z"},
		{"%Y%m%d", 240131, 0, ""}, // not the year 24
		{"%Y%m%d", -20240131, 0, ""},
		{"%Y%m%d", 120240131, 0, ""},
		{"%Y-%m-%d", 20240131, 0, ""},
		{"", 20240131, 0, ""},
		{"unix", 1706659200123, 0, ""},
	} {
		got, ok := format(t, c.pattern).ParseInt(c.v)
		if ok != (c.want != "") || ok && got != (calendar.Moment{Kind: c.kind, Micros: utc(t, c.want)}) {
			t.Errorf("%q reads %d as %v %v, %t; want %v %s", c.pattern, c.v, got.Kind, time.UnixMicro(got.Micros).UTC(), ok, c.kind, c.want)
		}
	}
}

func TestParseFormatNamesTheDirective(t *testing.T) {
	for pattern, part := range map[string]string{
		"%Y-%m-%d %Q":         "%Q",
		"%F":                  "%F",
		"%Y-%m-%d %s":         "%s",
		"%Y-%m-%d %":          "after the last %",
		"YYYY-MM-DD":          "%Y",
		"unix_ns":             "%Y",
		"%m/%d":               "%Y",
		"%Y-%d":               "%m",
		"%Y-%m":               "%d",
		"%Y-%b":               "%d",
		"%Y-%j-%d":            "%j",
		"%Y-%m-%d %m":         "%m",
		"%Y-%y-%m-%d":         "%y",
		"%d %e %m %Y":         "%e",
		"%Y-%m-%d %I:%M":      "%I without %p",
		"%Y-%m-%d %H:%M %p":   "%p without %I",
		"%Y-%m-%d %H %I %p":   "%H and %I",
		"%Y-%m-%d %M":         "%M",
		"%Y-%m-%d %H:%S":      "%S without %M",
		"%Y-%m-%d %H:%M.%f":   "%f without %S",
		"%Y-%m-%d %Z":         "%Z",
		"%H:%M:%S.%f%Y-%m-%d": "%f has no end",
		"%H:%M%z%Y-%m-%d":     "%z has no end",
		"%H:%M%z%z %Y-%m-%d":  "%z",
	} {
		if _, err := calendar.ParseFormat(pattern); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("ParseFormat(%q): %v; want it to name %s", pattern, err, part)
		}
	}
}

// FuzzParse checks that no text and no pattern makes Parse panic, and that
// what it reads is in range and, written as ISO 8601, reads back the same.
func FuzzParse(f *testing.F) {
	for _, c := range accepted {
		f.Add(c.pattern, c.text)
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		parse, err := calendar.ParseFormat(pattern)
		if err != nil {
			return
		}
		got, ok := parse.Parse(text)
		if !ok {
			return
		}
		at := time.UnixMicro(got.Micros).UTC()
		if got.Kind == instant && (at.Year() == 0 || at.Year() == 10_000) {
			return // an offset has moved it out of what ISO 8601 writes
		}
		layout := map[calendar.Kind]string{civilDay: "2006-01-02", civilTime: "2006-01-02T15:04:05.999999", instant: "2006-01-02 15:04:05.999999Z"}[got.Kind]
		if back, ok := format(t, "").Parse(at.Format(layout)); !ok || back != got {
			t.Errorf("%q reads %q as %v, and ISO 8601 %q as %v, %t", pattern, text, got, at.Format(layout), back, ok)
		}
	})
}

// FuzzRoundTrip writes a time by package time and reads it back.
func FuzzRoundTrip(f *testing.F) {
	patterns := []struct{ pattern, layout string }{
		{"", "2006-01-02T15:04:05.000000"},
		{"", "2006-01-02 15:04:05.000000-07:00"},
		{"%Y-%m-%d %H:%M:%S.%f", "2006-01-02 15:04:05.000000"},
		{"%d %B %Y %I:%M:%S.%f%p", "2 January 2006 3:04:05.000000PM"},
		{"%e-%b-%Y %H:%M:%S.%f %z", "_2-Jan-2006 15:04:05.000000 Z0700"},
		{"%Y%j%H%M%S.%f", "2006002150405.000000"},
		{"%m/%d/%Y %I:%M:%S.%f %p", "1/2/2006 3:04:05.000000 PM"},
	}
	f.Add(int64(0), 0, 3600)
	f.Add(int64(1_706_659_200_123_456), 4, -19_800)
	f.Fuzz(func(t *testing.T, micros int64, i, offset int) {
		p := patterns[uint(i)%uint(len(patterns))]
		at := time.UnixMicro(micros).In(time.FixedZone("", offset%(14*60)*60))
		if at.Year() < 1 || at.Year() > 9999 {
			return
		}
		got, ok := format(t, p.pattern).Parse(at.Format(p.layout))
		want := micros
		if got.Kind == civilTime {
			_, shift := at.Zone()
			want += int64(shift) * second
		}
		if !ok || got.Micros != want {
			t.Errorf("%q reads %q as %d, %t; want %d", p.pattern, at.Format(p.layout), got.Micros, ok, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, pattern, text string }{
		{"iso_day", "", "2010-12-01"},
		{"iso_time", "", "2010-12-01 08:26:00"},
		{"iso_instant", "", "2010-12-01T08:26:00.123456+01:00"},
		{"pattern", "%m/%d/%Y %H:%M", "12/1/2010 8:26"},
		{"unix", "unix", "1706659200"},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := format(b, c.pattern)
			for b.Loop() {
				if _, ok := f.Parse(c.text); !ok {
					b.Fatal(c.text)
				}
			}
		})
	}
}
