package money_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/money"
)

func TestPointedReadsDecimalCommas(t *testing.T) {
	for text, want := range map[string]string{
		"12,50": "12.50", "-12,50": "-12.50", "+7": "+7", "1234,5": "1234.5", ",5": ".5", "5,": "5.", "12": "12",
		"1.234,50": "1234.50", "-1.234.567,8": "-1234567.8", "1.234": "1234", "12.345": "12345", "999.000.000": "999000000",

		"12.50": "", "1.23,5": "", "0.500": "", "001.234": "", "1234.567": "", "1.234567": "", "1.234.5": "", ".500": "", "1.": "", "1..234": "",
		"1,234.5": "", "1,5.000": "", "": "",
	} {
		if got := money.Pointed(text); got != want {
			t.Errorf("Pointed(%q) = %q; want %q", text, got, want)
		}
	}
}

// What is no number with a comma is none afterwards either.
func TestPointedLeavesOddTextsMalformed(t *testing.T) {
	for _, text := range []string{"", ",", "-", "1,2,3", "--1,5", "1 234,5", "1'234,5", "1.2a4,5", "-a.234", "€5,00", "NaN", "1e3", "-.234", "1,234,567"} {
		if got, fault := money.Parse(money.Pointed(text), 4); fault != money.Malformed {
			t.Errorf("%q is %d, %v; want %v", text, got, fault, money.Malformed)
		}
	}
}

var withComma = regexp.MustCompile(`^[+-]?([0-9]+,?[0-9]*|,[0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]*)?)$`)

func FuzzPointed(f *testing.F) {
	for _, s := range []string{"1.234,50", "-0,5", "1.23,5", "12.50", "1,2,3", "+.,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, fault := money.ParseDecimal(money.Pointed(s))
		if (fault == money.Malformed) == withComma.MatchString(s) {
			t.Fatalf("%q: %v, %v", s, got, fault)
		}
		plain := strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1)
		if want, wantFault := money.ParseDecimal(plain); fault != money.Malformed && (got != want || fault != wantFault) {
			t.Fatalf("%q: %v, %v; %q is %v, %v", s, got, fault, plain, want, wantFault)
		}
	})
}

func BenchmarkPointed(b *testing.B) {
	texts := []string{"2,55", "15,3", "-1.234,50", "0,85", "168469,6000"}
	for i := range b.N {
		if _, fault := money.Parse(money.Pointed(texts[i%len(texts)]), 4); fault != money.NoFault {
			b.Fatal(fault)
		}
	}
}
