package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/perennial-clv/perennial/transforms/models"
)

const (
	days = 730 // of observation; customers come in the first half of them
	seed = 1
)

// simulate draws customers who buy as CDNOW's do, by what is published for them,
// and counts their days into cells.
func simulate(family models.Family, customers int) []models.Cell {
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	rates := distuv.Gamma{Alpha: 0.243, Beta: 7 * 4.414, Src: source}
	leaves := distuv.Beta{Alpha: 0.793, Beta: 2.426, Src: source}
	deaths := distuv.Gamma{Alpha: 0.606, Beta: 7 * 11.669, Src: source}
	if family == models.ParetoNBD {
		rates = distuv.Gamma{Alpha: 0.553, Beta: 7 * 10.578, Src: source}
	}
	cells := make([]models.Cell, customers)
	for i := range cells {
		T := days - random.Int32N(days/2+1)
		end, leave := float64(T), 0.0
		if family == models.ParetoNBD {
			end = min(end, random.ExpFloat64()/deaths.Rand())
		} else {
			leave = leaves.Rand()
		}
		cells[i] = buy(random, T, end, rates.Rand(), leave)
	}
	return merge(cells)
}

// buy returns the cell of a customer of an age who buys at a rate until the end or
// until they leave after a purchase, with a probability.
func buy(random *rand.Rand, T int32, end, rate, leave float64) models.Cell {
	cell := models.Cell{T: T, Count: 1}
	for now := random.ExpFloat64() / rate; now < end; now += random.ExpFloat64() / rate {
		if day := int32(math.Ceil(now)); day > cell.Tx && day <= T {
			cell.X++
			cell.Tx = day
		}
		if random.Float64() < leave {
			break
		}
	}
	return cell
}

// merge sorts cells and adds up equal ones.
func merge(cells []models.Cell) []models.Cell {
	slices.SortFunc(cells, func(a, b models.Cell) int {
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Tx, b.Tx), cmp.Compare(a.T, b.T))
	})
	merged := cells[:0]
	for _, c := range cells {
		if k := len(merged); k > 0 && merged[k-1].X == c.X && merged[k-1].Tx == c.Tx && merged[k-1].T == c.T {
			merged[k-1].Count += c.Count
			continue
		}
		merged = append(merged, c)
	}
	return merged
}
