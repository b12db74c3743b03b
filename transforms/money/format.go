package money

import "strconv"

// Format returns an amount as a plain decimal, exactly and without needless
// zeros: "-0.5", "168469.6", "12". Parse reads it back.
func Format(amount int64) string {
	decimals := scaleDigits
	for decimals > 0 && amount%int64(powers[scaleDigits-decimals+1]) == 0 {
		decimals--
	}
	return FormatFixed(amount, decimals)
}

// FormatFixed returns an amount with so many decimals (0 to 4), rounded half
// to even, for people to read: 0.125 with 2 decimals is "0.12". What rounds to
// zero has no sign.
func FormatFixed(amount int64, decimals int) string {
	m, negative := magnitude(amount)
	rounded, _ := wide{lo: m}.halfEven(int32(scaleDigits - decimals))
	var text []byte
	if negative && rounded.lo != 0 {
		text = append(text, '-')
	}
	unit := powers[decimals]
	text = strconv.AppendUint(text, rounded.lo/unit, 10)
	if decimals == 0 {
		return string(text)
	}
	point := len(text)
	text = strconv.AppendUint(text, unit+rounded.lo%unit, 10)
	text[point] = '.' // in place of the 1 that unit put before the zeros
	return string(text)
}
