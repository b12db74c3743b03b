package ledger

// Fate is what becomes of a source row. A row has the first fate that
// applies, in the order of the constants; an exclusion rule's fate stands
// between AfterAsOf and ExactDuplicate, in the order of the job file.
type Fate uint16

const (
	Kept                Fate = iota
	Unreadable               // its date, amount, cost or currency cannot be read
	AfterAsOf                // it happened after the as-of day
	ExactDuplicate           // equal to another row in every column of the source
	Unattributed             // it has no customer
	RefundIgnored            // a refund, where the job ignores refunds
	BeforeFirstPurchase      // before the customer's first purchase, or of a customer without one
	firstRule                // firstRule+i: excluded by the job's rule i
)

// Term is a word that stands in tables, with its meaning as sentences.
type Term struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// ReasonTerms are the reasons in run_exclusions, in the order of precedence; a
// row has the first that applies.
var ReasonTerms = []Term{
	{"unreadable", "The row's date, amount, cost or currency cannot be read, or its line has the wrong number of fields. It has no month and no amount. The rows are in _quarantine/<as_of_date> of the sink, each with what is wrong; more than rules.max_rejected_rate of them fail the run."},
	{"after_as_of", "It happened after the as-of day. A later as-of day takes it in; many of them in a run of yesterday mean a wrong time zone or a clock that is ahead."},
	{rulePrefix + "<name>", "A rule of the job's rules.exclude applies to it, the first in the order of the job file."},
	{"exact_duplicate", "It equals an earlier row in every column of the source, and the job drops such rows (rules.exact_duplicates: drop)."},
	{"unattributed", "It has no customer: customer_id is missing or blank, as of a guest. Its money is in business_periods.unattributed_net_revenue."},
	{"refund_ignored", "It is a refund, and the job ignores refunds (rules.refunds: ignore)."},
	{"before_first_purchase", "It comes before the customer's first purchase, or the customer has none: mostly a refund of a sale that the data do not have. Many of them mean that history begins too late."},
}

// MaxRules is how many exclusion rules a job may have: far more than a person
// writes, and far fewer than there are fates.
const MaxRules = 1_000

// rulePrefix makes a reason of an exclusion rule's name.
const rulePrefix = "rule:"

// reason returns the fate's name in run_exclusions.
func (f Fate) reason(rules []Rule) string {
	switch f {
	case Kept:
		return "kept"
	case Unreadable:
		return "unreadable"
	case AfterAsOf:
		return "after_as_of"
	case ExactDuplicate:
		return "exact_duplicate"
	case Unattributed:
		return "unattributed"
	case RefundIgnored:
		return "refund_ignored"
	case BeforeFirstPurchase:
		return "before_first_purchase"
	default:
		return rulePrefix + rules[f-firstRule].Name
	}
}

// Reasons returns the reasons in the order of precedence.
func Reasons(rules []Rule) []string {
	names := []string{"unreadable", "after_as_of"}
	for _, r := range rules {
		names = append(names, rulePrefix+r.Name)
	}
	return append(names, "exact_duplicate", "unattributed", "refund_ignored", "before_first_purchase")
}
