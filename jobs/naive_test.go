package jobs_test

// The naive_*_test.go files are a second implementation of every observed table, written from the text of the contract
// and from nothing else: it shares no code with the transforms. It is for comparing on random input, so it is slow on
// purpose. Every step is a loop over rows or customers, and the sentence it implements stands above it in quotes.
// Where the contract is silent, the reading that was chosen stands there without quotes.

import (
	"maps"
	"slices"
	"time"
)

// naiveRow is one source row as the contract sees it: already in the job's zone, currency and scale.
type naiveRow struct {
	Customer        string
	Guest           bool      // no customer
	Civil           time.Time // civil time in the job's zone, held in UTC
	Amount          int64     // 10⁻⁴ of the currency
	Order           string
	HasOrder        bool
	Attributes      map[string]string // a missing or empty value is NULL in the source
	Rule            string            // the first exclusion rule that applies; empty: none
	Unreadable      bool
	Contribution    int64 // 10⁻⁴ of the currency
	HasContribution bool
}

// naiveSettings are the parts of a job file that observed tables depend on.
type naiveSettings struct {
	AsOf           time.Time // the last civil day that counts
	WeekStart      time.Weekday
	Grains         []string       // month is added where it is missing
	SplitBy        []string       // attribute names, without `first_`
	From           *time.Time     // nil: the history is whole from its beginning
	MaxOffset      map[string]int // by grain; a missing grain is not cut
	DropDuplicates bool
	IgnoreRefunds  bool
	ZeroIsPurchase bool
}

// naive returns the observed tables: table name → rows in key order → column → value. Dates are strings
// (2024-01-31), counts and money (10⁻⁴) int64, rates and means of days float64, NULL nil. The partition column
// as_of_date and every column that needs a model are left out.
func naive(rows []naiveRow, s naiveSettings) map[string][]map[string]any {
	book := naiveRead(rows, s)
	cells := book.cohortPeriods()
	return map[string][]map[string]any{
		"run_exclusions":   book.runExclusions(),
		"customers":        book.customersTable(),
		"cohorts":          book.cohortsTable(),
		"cohort_periods":   cells,
		"retention_curves": book.retentionCurves(cells),
		"business_periods": book.businessPeriods(),
		"clv_formulas":     book.clvFormulas(),
	}
}

// naiveFateKept is the fate of a row that counts. Every other fate is the reason in run_exclusions.
const naiveFateKept = "kept"

// naiveBook is the source with the fate of each row, and the customers that follow from the kept ones.
type naiveBook struct {
	naiveSettings
	rows            []naiveRow
	fates           []string // of each row; empty while it is not decided
	customers       []naiveCustomer
	attributes      []string // every attribute name that occurs, sorted
	hasContribution bool
}

// naiveCustomer is one customer. Without a purchase there are no days, no purchases and no attributes.
type naiveCustomer struct {
	id        string
	days      []naiveDay        // the days with kept rows, in order
	purchases []naiveDay        // those of them that are purchases, in order
	first     map[string]string // attributes of the first purchase
}

// naiveDay is what one customer did on one civil day.
type naiveDay struct {
	day                               time.Time
	orders                            int64
	gross, refunds, net, contribution int64
	isPurchase                        bool
}

// naiveRead decides the fate of every row and forms the customers.
func naiveRead(rows []naiveRow, s naiveSettings) *naiveBook {
	b := &naiveBook{naiveSettings: s, rows: rows, fates: make([]string, len(rows))}
	b.AsOf = naiveDate(s.AsOf)
	b.attributes = b.attributeNames()
	b.decideAlone()
	for _, id := range b.undecidedCustomers() {
		b.customers = append(b.customers, b.readCustomer(id))
	}
	b.hasContribution = b.everyKeptRowHasContribution()
	return b
}

// decideAlone settles the fates that need no other row of the customer.
func (b *naiveBook) decideAlone() {
	for i, row := range b.rows {
		// "Fate of a source row, the first that applies: unreadable · after_as_of · rule:<name> · exact_duplicate ·
		// unattributed (no customer) · refund_ignored · before_first_purchase · kept."
		switch {
		case row.Unreadable:
			b.fates[i] = "unreadable"
		// "as_of is the last civil day that counts, inclusive."
		case naiveDate(row.Civil).After(b.AsOf):
			b.fates[i] = "after_as_of"
		case row.Rule != "":
			b.fates[i] = "rule:" + row.Rule
		// "exact_duplicates: keep | drop (equal in every column of the source)"
		case b.DropDuplicates && b.repeatsAnEarlierRow(i):
			b.fates[i] = "exact_duplicate"
		case row.Guest:
			b.fates[i] = "unattributed"
		}
	}
}

// repeatsAnEarlierRow tells whether a row before row i is equal to it. The first of equal rows stays. A row that equals
// one which got this far also got this far, so earlier fates need not be looked at.
func (b *naiveBook) repeatsAnEarlierRow(i int) bool {
	for j := range i {
		if naiveEqual(b.rows[j], b.rows[i]) {
			return true
		}
	}
	return false
}

// naiveEqual compares two rows in every field.
func naiveEqual(one, other naiveRow) bool {
	return one.Customer == other.Customer && one.Guest == other.Guest && one.Civil.Equal(other.Civil) &&
		one.Amount == other.Amount && one.Order == other.Order && one.HasOrder == other.HasOrder &&
		one.Rule == other.Rule && one.Unreadable == other.Unreadable &&
		one.Contribution == other.Contribution && one.HasContribution == other.HasContribution &&
		maps.Equal(one.Attributes, other.Attributes)
}

// undecidedCustomers are the customers who will have a row in customers, sorted.
func (b *naiveBook) undecidedCustomers() []string {
	ids := map[string]bool{}
	for i, row := range b.rows {
		if b.fates[i] == "" {
			ids[row.Customer] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// readCustomer settles the remaining fates of one customer's rows and returns the customer.
func (b *naiveBook) readCustomer(id string) naiveCustomer {
	b.ignoreRefunds(b.undecided(id))
	remaining := b.undecided(id)
	customer := naiveCustomer{id: id}
	for _, day := range b.days(remaining) {
		// "before_first_purchase (rows of a customer before their first purchase, and all rows of who never
		// purchased: refunds of sales that the data do not have)"
		if day.isPurchase || len(customer.days) > 0 {
			customer.days = append(customer.days, day)
		}
		if day.isPurchase {
			customer.purchases = append(customer.purchases, day)
		}
	}
	for _, i := range remaining {
		b.fates[i] = naiveFateKept
		if len(customer.days) == 0 || naiveDate(b.rows[i].Civil).Before(customer.days[0].day) {
			b.fates[i] = "before_first_purchase"
		}
	}
	if len(customer.purchases) > 0 {
		customer.first = b.firstAttributes(customer.purchases[0].day, remaining)
	}
	return customer
}

// undecided are the places of the customer's rows whose fate is open.
func (b *naiveBook) undecided(id string) []int {
	var places []int
	for i, row := range b.rows {
		if b.fates[i] == "" && row.Customer == id {
			places = append(places, i)
		}
	}
	return places
}

// ignoreRefunds refuses all rows of the groups that are refunds, if the job says so.
func (b *naiveBook) ignoreRefunds(places []int) {
	// "refunds: net | ignore"
	if !b.IgnoreRefunds {
		return
	}
	for _, i := range places {
		if b.sum(b.group(i, places)) < 0 {
			b.fates[i] = "refund_ignored"
		}
	}
}

// group returns the rows that are summed with row i. All places belong to one customer.
func (b *naiveBook) group(i int, places []int) []int {
	// "without order_id each row stands alone"
	if !b.rows[i].HasOrder {
		return []int{i}
	}
	// "Rows of one order_id (of one customer) on one civil day are summed first"
	var group []int
	for _, j := range places {
		if b.sameOrder(i, j) && naiveDate(b.rows[i].Civil).Equal(naiveDate(b.rows[j].Civil)) {
			group = append(group, j)
		}
	}
	return group
}

func (b *naiveBook) sameOrder(i, j int) bool {
	return b.rows[i].HasOrder && b.rows[j].HasOrder && b.rows[i].Order == b.rows[j].Order
}

func (b *naiveBook) sum(places []int) int64 {
	var sum int64
	for _, i := range places {
		sum += b.rows[i].Amount
	}
	return sum
}

func (b *naiveBook) onlyZeros(places []int) bool {
	for _, i := range places {
		if b.rows[i].Amount != 0 {
			return false
		}
	}
	return true
}

// isSale tells whether a group is a sale. Places are the customer's rows.
func (b *naiveBook) isSale(group, places []int) bool {
	// "A positive sum is a sale, a negative one a refund."
	if b.sum(group) != 0 {
		return b.sum(group) > 0
	}
	// "A day of only zero rows is a purchase if `zero_amounts: purchase`." A purchase has an order, so there each group is
	// a sale of 0; on any other day a sum of 0 is neither.
	var ofDay []int
	for _, j := range places {
		if naiveDate(b.rows[group[0]].Civil).Equal(naiveDate(b.rows[j].Civil)) {
			ofDay = append(ofDay, j)
		}
	}
	return b.ZeroIsPurchase && b.onlyZeros(ofDay)
}

// days sums one customer's rows by civil day, in order of the days.
func (b *naiveBook) days(places []int) []naiveDay {
	byDay := map[time.Time][]int{}
	for _, i := range places {
		day := naiveDate(b.rows[i].Civil)
		byDay[day] = append(byDay[day], i)
	}
	var days []naiveDay
	for _, day := range slices.SortedFunc(maps.Keys(byDay), time.Time.Compare) {
		days = append(days, b.dayOf(day, byDay[day], places))
	}
	return days
}

// dayOf sums the rows of one day. The customer's other rows are needed to know which orders are old.
func (b *naiveBook) dayOf(day time.Time, ofDay, places []int) naiveDay {
	d := naiveDay{day: day}
	for _, i := range ofDay {
		d.net += b.rows[i].Amount
		d.contribution += b.rows[i].Contribution
		group := b.group(i, ofDay)
		if group[0] != i { // each group once, at its first row
			continue
		}
		// "gross_sales + refunds (≤ 0) = net_revenue"
		switch {
		case b.isSale(group, places):
			d.gross += b.sum(group)
			if !b.soldBefore(i, places) {
				d.orders++
			}
		case b.sum(group) < 0:
			d.refunds += b.sum(group)
		}
	}
	d.isPurchase = b.isPurchase(d, ofDay)
	return d
}

// soldBefore tells whether the order of row i has a sale on an earlier day.
func (b *naiveBook) soldBefore(i int, places []int) bool {
	// "order: an order_id with a sale, counted once, on the day of its first sale. A refund-only invoice is no order;
	// a later capture or edit is money, not a new order."
	for _, j := range places {
		isEarlier := naiveDate(b.rows[j].Civil).Before(naiveDate(b.rows[i].Civil))
		if isEarlier && b.sameOrder(i, j) && b.isSale(b.group(j, places), places) {
			return true
		}
	}
	return false
}

func (b *naiveBook) isPurchase(d naiveDay, ofDay []int) bool {
	// "purchase: a civil day on which a customer has an order and all their rows of that day sum to more than 0; its
	// value is that sum. Bought and cancelled the same day is an order but no purchase."
	// "A day of only zero rows is a purchase if `zero_amounts: purchase`." Read as: 0 is then enough, in place of more
	// than 0; a day with nothing but zero rows of old orders has no order and stays no purchase.
	return d.orders > 0 && (d.net > 0 || b.ZeroIsPurchase && b.onlyZeros(ofDay))
}

func (b *naiveBook) attributeNames() []string {
	names := map[string]bool{}
	for _, row := range b.rows {
		for name := range row.Attributes {
			names[name] = true
		}
	}
	for _, name := range b.SplitBy {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// firstAttributes returns the attributes of the purchase on the day.
func (b *naiveBook) firstAttributes(day time.Time, places []int) map[string]string {
	first := map[string]string{}
	for _, name := range b.attributes {
		var earliest time.Time
		var found bool
		for _, i := range places {
			row := b.rows[i]
			if !naiveDate(row.Civil).Equal(day) {
				continue
			}
			// "NULL becomes `(none)`"
			value := row.Attributes[name]
			if value == "" {
				value = "(none)"
			}
			// "attributes: of the earliest row of the first purchase day, ties by smallest value"
			isTie := found && row.Civil.Equal(earliest)
			if !found || row.Civil.Before(earliest) || isTie && value < first[name] {
				first[name], earliest, found = value, row.Civil, true
			}
		}
	}
	return first
}

func (b *naiveBook) everyKeptRowHasContribution() bool {
	// "Either every kept row has it or no row ... with neither, contribution columns are NULL." Where nothing is kept
	// nobody has it, so it is NULL.
	var kept, with int
	for i, row := range b.rows {
		if b.fates[i] == naiveFateKept {
			kept++
			if row.HasContribution {
				with++
			}
		}
	}
	return kept > 0 && with == kept
}

// contribution is the sum, or NULL where there is no contribution.
func (b *naiveBook) contribution(sum int64) any {
	if !b.hasContribution {
		return nil
	}
	return sum
}
