package main

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// keySeed is the seed of the ledger's hash of customers, copied.
const keySeed = 0x706572656e6e6961

// hashOf returns what the ledger's hash of an integer key is by its definition.
// It is the bench's own copy; that the ledger hashes so, its
// TestIntegersOfTheBenchCollide holds for the first two of the keys.
func hashOf(key int64) uint64 {
	return xxh3.HashSeed(binary.BigEndian.AppendUint64(nil, uint64(key)), keySeed)
}

// colliding returns n integer keys whose hashes begin with the same 20 bits.
//
// XXH3 of eight bytes is a permutation: the bytes as one number, the halves
// swapped, xor a constant of the seed, then mixed by invertible steps. The
// hash of eight zeros, unmixed, is that constant; any other hash, unmixed, gives the
// key it belongs to.
func colliding(n int) ([]int64, error) {
	const prefix, below = 0x5eed5, 44
	constant := unmix(hashOf(0))
	keys := make([]int64, n)
	for i := range keys {
		hash := uint64(prefix)<<below | uint64(i)*0x9e3779b97f4a7c15>>(64-below)
		mixed := unmix(hash) ^ constant
		var key [8]byte
		binary.LittleEndian.PutUint32(key[:4], uint32(mixed>>32))
		binary.LittleEndian.PutUint32(key[4:], uint32(mixed))
		keys[i] = int64(binary.BigEndian.Uint64(key[:]))
		if got := hashOf(keys[i]); got != hash {
			return nil, fmt.Errorf("the key made for a hash has another: %x, want %x", got, hash)
		}
	}
	return keys, nil
}

// unmix undoes the last steps of XXH3 of eight bytes:
//
//	h ^= rotl(h, 49) ^ rotl(h, 24);  h *= p;  h ^= (h >> 35) + 8;  h *= p;  h ^= h >> 28
func unmix(h uint64) uint64 {
	const p = 0x9fb21c651e98df25
	inverse := uint64(1)
	for range 6 { // Newton's iteration doubles the right bits
		inverse *= 2 - p*inverse
	}
	h ^= h>>28 ^ h>>56
	h *= inverse
	h ^= (h >> 35) + 8
	h *= inverse
	// h ^ rotl(h, 49) ^ rotl(h, 24) is a polynomial in the rotation, whose
	// 64th power is 1: its 63rd undoes it.
	for range 63 {
		h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
	}
	return h
}
