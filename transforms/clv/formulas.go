package clv

import (
	"math"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Denominator is which customers a formula divides by.
type Denominator string

// The denominators, in the order of the tables.
const (
	ActiveCustomers Denominator = "active" // with a purchase in the window
	AllCustomers    Denominator = "all"    // ever acquired by the end of the window
)

// Denominators are the denominators with their meaning.
var Denominators = []ledger.Term{
	{Name: string(ActiveCustomers), Doc: "Customers with a purchase in the window."},
	{Name: string(AllCustomers), Doc: "Customers acquired by the end of the window."},
}

// Method is a formula for the value of a customer as it is found in textbooks
// and calculators.
type Method struct {
	Name    string
	Formula string // in the symbols of FormulaSymbols
	Doc     string

	denominators []Denominator
	usesHistory  bool // everything up to the as-of day instead of windows
	usesOrders   bool // its r is of orders, not of customers
	value        func(f *factors) fraction
}

// FormulaSymbols says what the symbols of the methods' formulas mean.
const FormulaSymbols = "Of the last w complete months: O orders, N net revenue, A active customers, C customers of the denominator; AOV = gross sales ÷ O; f = O ÷ (C·w). " +
	"r = share of the customers of the w months before who bought again in the window; months = w ÷ (1 − r); q = share of the orders of the w months before that were followed by another of the same customer within w months. " +
	"g = 1 for net_revenue, contribution ÷ net revenue of the window for contribution. d = (1 + discount_rate)^(w/12) − 1."

// Methods are the methods in the order of the table.
var Methods = []Method{
	{
		Name: "churn_discount", Formula: "g · N/A · r ÷ (1 + d − r)",
		Doc:          "The revenue of a window, returning with r and discounted, for ever; without the current window.",
		denominators: []Denominator{ActiveCustomers},
		value: func(f *factors) fraction {
			return f.g.times(f.net).over(f.active).times(f.r).over(whole(1).plus(f.d).minus(f.r))
		},
	},
	{
		Name: "customer_centred", Formula: "g · N/(C·w) · months",
		Doc:          "Net revenue of a customer's month × months until the customer is taken to have left.",
		denominators: []Denominator{ActiveCustomers, AllCustomers},
		value:        func(f *factors) fraction { return f.g.times(f.net).over(f.customers.times(f.w)).times(f.months) },
	},
	{
		Name: "four_step", Formula: "g · AOV · f · months",
		Doc:          "Order value × orders of a customer's month × months until the customer is taken to have left.",
		denominators: []Denominator{ActiveCustomers, AllCustomers},
		value:        func(f *factors) fraction { return f.g.times(f.orderValue).times(f.frequency).times(f.months) },
	},
	{
		Name: "historic", Formula: "g · N/C over all time",
		Doc:          "What customers have brought so far.",
		denominators: []Denominator{AllCustomers}, usesHistory: true,
		value: func(f *factors) fraction { return f.g.times(f.net).over(f.customers) },
	},
	{
		Name: "transaction_based", Formula: "g · AOV ÷ (1 − q)",
		Doc:          "Order value × orders until one is not followed by another.",
		denominators: []Denominator{ActiveCustomers}, usesOrders: true,
		value: func(f *factors) fraction { return f.g.times(f.orderValue).over(whole(1).minus(f.r)) },
	},
}

// The warnings of clv_formulas.
const (
	repeatBuyingAsRetention = "repeat_buying_used_as_retention"
	orderRepeatAsRetention  = "order_repeat_used_as_retention"
	historyTooShort         = "history_too_short"
	noPreviousCustomers     = "no_previous_customers"
	noObservedChurn         = "no_observed_churn"
)

// FormulaWarnings are the words of column warning with their meaning, in the
// order in which they stand there.
var FormulaWarnings = []ledger.Term{
	{Name: repeatBuyingAsRetention, Doc: "The retention_rate is the share who bought again; who skips a window counts as lost, though in a shop nobody cancels."},
	{Name: orderRepeatAsRetention, Doc: "The same with the share of orders that were followed by another."},
	{Name: historyTooShort, Doc: "The two windows reach before the month of the first purchase of the whole base, so that there is no retention_rate and no clv."},
	{Name: noPreviousCustomers, Doc: "Nobody bought in the window before, or, for transaction_based, nothing was ordered."},
	{Name: noObservedChurn, Doc: "All came back (r or q is 1), so that the months are without end."},
}

// factors are what formulas are made of, money in units of 10^-4.
type factors struct {
	g, w, d                fraction
	net, active, customers fraction
	orderValue, frequency  fraction
	r, months              fraction // in a method of orders r is q, and there are no months
}

// Formula is a row of clv_formulas.
type Formula struct {
	Dimension    cohort.Dimension
	Method       *Method
	Months       int
	Denominator  Denominator
	Basis        Basis
	DiscountRate float64
	Value, Model numeric.Null[int64]
	Warning      string // words of FormulaWarnings, empty for none

	sums            window
	factors         factors
	hasContribution bool
}

// FormulaRows returns the rows of clv_formulas in the order of the key. first
// is the day of the first purchase of all: windows that reach before its month
// know no retention. The basis contribution has rows only where it is known.
func (v *Valuation) FormulaRows(f *cohort.Frame, sums *FormulaSums, first numeric.Null[calendar.Day]) []Formula {
	list := spans(f)
	day, isKnown := first.Get()
	begin := f.Calendar.Start(calendar.ByMonth, f.Period(calendar.ByMonth, day))
	var rows []Formula
	for _, d := range sums.Sorted() {
		for m := range Methods {
			for i, s := range list {
				if Methods[m].usesHistory != (s.months == 0) {
					continue
				}
				head := Formula{Dimension: d, Method: &Methods[m], Months: s.months, sums: sums.Get(d).window(i)}
				rows = v.appendFormulas(rows, head, s.months > 0 && (!isKnown || s.previous < begin))
			}
		}
	}
	return rows
}

// appendFormulas appends the rows of one method and window.
func (v *Valuation) appendFormulas(rows []Formula, head Formula, isTooShort bool) []Formula {
	head.DiscountRate, head.hasContribution = v.Settings.DiscountRate, v.HasContribution
	for _, denominator := range head.Method.denominators {
		for _, basis := range v.bases() {
			row := head
			row.Denominator, row.Basis = denominator, basis
			row.factors = row.factorsOf(isTooShort)
			row.Warning = row.warnings(isTooShort)
			if value, ok := row.Method.value(&row.factors).amount(); ok {
				row.Value = numeric.Known(value)
			}
			if row.Dimension == cohort.All { // models are of the whole base
				row.Model = v.newCustomer(basis)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// factorsOf computes the row's factors from its window.
func (r *Formula) factorsOf(isTooShort bool) factors {
	months := int64(r.Months)
	f := factors{g: whole(1), w: whole(months), net: whole(r.sums.net), active: whole(r.sums.active), customers: whole(r.denominator())}
	f.d = fractionOf(math.Expm1(math.Log1p(r.DiscountRate) * float64(months) / 12))
	f.orderValue = quotient(r.sums.gross, r.sums.orders)
	f.frequency = whole(r.sums.orders).over(f.customers.times(f.w))
	if r.Basis == Contribution {
		f.g = undefined
		if r.sums.net > 0 {
			f.g = quotient(r.sums.contribution, r.sums.net)
		}
	}
	switch {
	case isTooShort:
	case r.Method.usesOrders:
		f.r = quotient(r.sums.repeated, r.sums.previousOrders)
	default: // of the whole history 0 ÷ 0, for nothing is before it
		f.r = quotient(r.sums.retained, r.sums.previousActive)
		f.months = f.w.over(whole(1).minus(f.r))
	}
	return f
}

// denominator returns how many customers the row divides by.
func (r *Formula) denominator() int64 {
	if r.Denominator == ActiveCustomers {
		return r.sums.active
	}
	return r.sums.customers
}

// warnings returns the row's warnings, separated by commas.
func (r *Formula) warnings(isTooShort bool) string {
	if r.Method.usesHistory {
		return ""
	}
	applies := map[string]bool{
		repeatBuyingAsRetention: !r.Method.usesOrders,
		orderRepeatAsRetention:  r.Method.usesOrders,
		historyTooShort:         isTooShort,
		noPreviousCustomers:     r.nothingBefore(),
		noObservedChurn:         r.factors.r.equals(whole(1)),
	}
	var words []string
	for _, w := range FormulaWarnings {
		if applies[w.Name] {
			words = append(words, w.Name)
		}
	}
	return strings.Join(words, ",")
}

// nothingBefore reports whether r has nothing to be a share of.
func (r *Formula) nothingBefore() bool {
	if r.Method.usesOrders {
		return r.sums.previousOrders == 0
	}
	return r.sums.previousActive == 0
}

// newCustomer returns the lifetime value of a customer who has just made the
// first purchase, that purchase included: the expected value of a purchase ×
// (1 + expected repeat purchases, discounted). Null without a model and where
// infinite.
func (v *Valuation) newCustomer(basis Basis) numeric.Null[int64] {
	if !v.hasPurchases {
		return numeric.Null[int64]{}
	}
	delta := v.Settings.deltaPerDay() * v.unit().Days
	repeats := models.Acquired(v.purchases).Discounted(delta, math.Inf(1))
	purchase, ok := v.inBasis(v.purchaseValue(&v.predictor, 0, 0)*v.net, basis)
	if !ok {
		return numeric.Null[int64]{}
	}
	return rounded(purchase * (1 + repeats))
}

// windowed returns a number of the window before, which the whole history does
// not have.
func (r *Formula) windowed(n int64) (int64, bool) { return n, !r.Method.usesHistory }

// margin returns g where it is a rate.
func (r *Formula) margin() (float64, bool) {
	g, ok := r.factors.g.number()
	return g, ok && r.Basis == Contribution
}

// ratio returns clv ÷ model_clv.
func (r *Formula) ratio() (float64, bool) {
	value, ok := r.Value.Get()
	model, also := r.Model.Get()
	ratio, defined := numeric.Ratio(value, model).Get()
	return ratio, ok && also && defined
}

// MethodTerms returns the methods with formula and meaning, in the symbols of
// FormulaSymbols.
func MethodTerms() []ledger.Term {
	terms := make([]ledger.Term, len(Methods))
	for i, m := range Methods {
		terms[i] = ledger.Term{Name: m.Name, Doc: m.Formula + ". " + m.Doc}
	}
	return terms
}
