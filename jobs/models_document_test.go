package jobs_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The estimates and log-likelihoods that docs/models.md shows are those of the
// independent program, in all digits that are shown; that a run comes to the same
// is tested beside it.
func TestModelsDocumentShowsTheReferencesFits(t *testing.T) {
	document, err := os.ReadFile("../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	reference := readReference(t, "cdnow_sample")
	names := map[string]string{
		"nbd": "nbd", "bg_nbd": "bgcnbd_k1", "mbg_nbd": "mbgcnbd_k1", "pareto_nbd": "pnbd",
		"bg_cnbd_2": "bgcnbd_k2", "mbg_cnbd_2": "mbgcnbd_k2", "gamma_gamma": "gammagamma_repeat_only",
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\| ((?:[a-z]+ [0-9.]+(?:, )?)+) \\| −([0-9.]+) \\|$").FindAllStringSubmatch(string(document), -1)
	if len(rows) != len(names) {
		t.Fatalf("%d fits are shown, want %d", len(rows), len(names))
	}
	for _, row := range rows {
		want := reference.fit(t, names[row[1]])
		wantShown(t, row[1]+" log-likelihood", row[3], -want.LogLik)
		for parameter := range strings.SplitSeq(row[2], ", ") {
			name, shown, _ := strings.Cut(parameter, " ")
			wantShown(t, row[1]+" "+name, shown, want.Params[name])
		}
	}
}

// wantShown compares a number as it is shown with what it is.
func wantShown(t *testing.T, what, shown string, want float64) {
	t.Helper()
	got, err := strconv.ParseFloat(shown, 64)
	_, decimals, _ := strings.Cut(shown, ".")
	if half := 0.5 * math.Pow(10, -float64(len(decimals))); err != nil || math.Abs(got-want) > half {
		t.Errorf("%s: shown is %s, want %v", what, shown, want)
	}
}
