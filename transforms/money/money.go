package money

const (
	// Scale is the number of units of an amount in one unit of the currency.
	Scale = 10_000

	// Max is the largest amount; the smallest is −Max. These are the 18
	// digits that DECIMAL(18,4) holds.
	Max = 1_000_000_000_000_000_000 - 1

	scaleDigits = 4  // Scale = 10^scaleDigits
	maxDigits   = 18 // Max = 10^maxDigits − 1
)

// Fault says why a value is no amount. It stands in the reason of an
// unreadable row, so its text never has the value in it.
type Fault uint8

// The faults.
const (
	NoFault         Fault = iota
	Malformed             // not a plain decimal number
	TooManyDecimals       // more decimals than allowed, so that it would have to be rounded
	Overflow              // beyond 18 digits
	NotFinite             // a NaN or an infinity
)

// String returns the fault in words; "" for NoFault.
func (f Fault) String() string {
	switch f {
	case NoFault:
		return ""
	case Malformed:
		return "not a number"
	case TooManyDecimals:
		return "too many decimals"
	case Overflow:
		return "too large"
	case NotFinite:
		return "not finite"
	default:
		return "unknown fault"
	}
}

// Add returns a + b and whether that is an amount, that is within ±Max.
func Add(a, b int64) (int64, bool) {
	sum := a + b
	wrapped := (a^sum)&(b^sum) < 0 // the sum has another sign than both parts
	return sum, !wrapped && -Max <= sum && sum <= Max
}

// powers are the powers of ten that an uint64 multiplies and divides by here.
var powers = [maxDigits + 1]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// signed returns a magnitude with its sign, if that is an amount.
func signed(magnitude uint64, negative bool) (int64, Fault) {
	if magnitude > Max {
		return 0, Overflow
	}
	if negative {
		return -int64(magnitude), NoFault
	}
	return int64(magnitude), NoFault
}

// magnitude returns |v|, also of the smallest int64, and whether v is negative.
func magnitude(v int64) (uint64, bool) {
	if v < 0 {
		return -uint64(v), true
	}
	return uint64(v), false
}
