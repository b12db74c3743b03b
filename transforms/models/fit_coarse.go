package models

const (
	// manyCells is how many cells are worth a search on coarser ones first.
	manyCells = 1 << 16
	// coarseSteps is into how many steps that search divides the days: a step of
	// a 64th leaves it within a thousandth of the maximum, from where the last
	// search needs three steps instead of ten or more.
	coarseSteps = 64
)

// coarsened returns fewer cells, with the times moved to the middle of steps of
// equal length, t_x of one-time buyers left at 0. Cells and result are sorted by (X, Tx, T).
func coarsened(cells []Cell) []Cell {
	days := int32(0)
	for _, c := range cells {
		days = max(days, c.T)
	}
	step := days/coarseSteps + 1
	var out []Cell
	for _, run := range cellsByX(cells) {
		x := run[0].X
		var counts [coarseSteps][coarseSteps]int32 // by t_x and T
		for _, c := range run {
			counts[c.Tx/step][c.T/step] += c.Count
		}
		for tx := range counts {
			for T, count := range counts[tx] {
				if count > 0 {
					out = append(out, Cell{X: x, Tx: min(x, 1) * middle(tx, step), T: middle(T, step), Count: count})
				}
			}
		}
	}
	return out
}

// middle returns the middle day of step i.
func middle(i int, step int32) int32 { return int32(i)*step + step/2 }
