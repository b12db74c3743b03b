// Package money holds amounts exactly and decides how they are rounded.
//
// An amount is an int64 in units of 10⁻⁴ of the currency. It is read from text,
// from decimals and from floats without loss or not at all, and each product
// is rounded once, half to even, with its full 128 bits in hand. The package
// knows no currency and no customer.
package money
