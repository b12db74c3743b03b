package models

import "slices"

// corner is a number of purchases x and a day t since the first: the last
// purchase of some cells, or their age.
type corner struct{ x, t int32 }

// corners are distinct ones, sorted. Cells have a tenth as many, or fewer: what
// is slow to compute of Pareto/NBD is a function of a corner.
type corners []corner

func (c corner) compare(d corner) int {
	if c.x != d.x {
		return int(c.x) - int(d.x)
	}
	return int(c.t) - int(d.t)
}

// cornersOf returns both corners of each cell.
func cornersOf(cells []Cell) corners {
	all := make(corners, 0, 2*len(cells))
	for _, c := range cells {
		all = append(all, corner{c.X, c.Tx}, corner{c.X, c.T})
	}
	slices.SortFunc(all, corner.compare)
	return slices.Clone(slices.Compact(all))
}

// find returns the place of a corner, not ok if it is not among them.
func (c corners) find(x, t int32) (place int, ok bool) {
	return slices.BinarySearchFunc(c, corner{x, t}, corner.compare)
}

// each runs a task for every corner, many in one go.
func (c corners) each(each Each, task func(place int, of corner)) {
	const together = 256 // some 0.1 ms
	each.Run((len(c)+together-1)/together, func(i int) {
		for place := i * together; place < min((i+1)*together, len(c)); place++ {
			task(place, c[place])
		}
	})
}
