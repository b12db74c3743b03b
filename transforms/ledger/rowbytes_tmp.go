package ledger

func (b *Binding) RowBytes() int { return 32 }
