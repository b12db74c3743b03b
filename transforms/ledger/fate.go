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
