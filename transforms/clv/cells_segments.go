package clv

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/models"
)

// divide makes Segments of the cells that were entered with theirs, and adds up
// what is equal among all.
func (c *Cells) divide() {
	purchases, spend := c.Purchases, c.Spend
	for len(purchases) > 0 {
		// Spend has no segment that purchases do not have.
		own := SegmentCells{Segment: int(purchases[0].X >> segmentShift)}
		own.Purchases, purchases = cutSegment(purchases, own.Segment, func(p *models.Cell) *int32 { return &p.X })
		own.Spend, spend = cutSegment(spend, own.Segment, func(p *models.SpendCell) *int32 { return &p.X })
		c.Segments = append(c.Segments, own)
	}
	c.Purchases = addUpCells(c.Purchases, comparePurchases, func(p *models.Cell) *int32 { return &p.Count })
	c.Spend = addUpCells(c.Spend, compareSpend, func(p *models.SpendCell) *int32 { return &p.Count })
}

// cutSegment cuts off the cells of a segment, which come first, and takes the
// segment out of their x.
func cutSegment[C any](cells []C, segment int, x func(*C) *int32) (own, rest []C) {
	n := 0
	for ; n < len(cells) && int(*x(&cells[n])>>segmentShift) == segment; n++ {
		*x(&cells[n]) &= 1<<segmentShift - 1
	}
	return cells[:n:n], cells[n:]
}

// addUpCells returns the distinct cells among some, sorted.
func addUpCells[C any](cells []C, compare func(a, b C) int, count func(*C) *int32) []C {
	sorted := slices.SortedFunc(slices.Values(cells), compare)
	kept := sorted[:0]
	for i := range sorted {
		if n := len(kept); n > 0 && compare(kept[n-1], sorted[i]) == 0 {
			*count(&kept[n-1]) += *count(&sorted[i])
		} else {
			kept = append(kept, sorted[i])
		}
	}
	return kept
}

func comparePurchases(a, b models.Cell) int {
	return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Tx, b.Tx), cmp.Compare(a.T, b.T))
}

func compareSpend(a, b models.SpendCell) int {
	return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Sum, b.Sum))
}

// purchasesOf returns the cells of the segments that a condition holds for,
// together.
func (c *Cells) purchasesOf(holds func(s *SegmentCells) bool) []models.Cell {
	var all []models.Cell
	for i := range c.Segments {
		if holds(&c.Segments[i]) {
			all = append(all, c.Segments[i].Purchases...)
		}
	}
	return addUpCells(all, comparePurchases, func(p *models.Cell) *int32 { return &p.Count })
}
