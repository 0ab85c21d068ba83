package cost

import (
	"fmt"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// What a request of the tutorial's stack takes: a function of Chalice in Python makes a client of boto3 and signs a form.
const (
	tutorialMemory       = 128 // MB, Chalice's default
	tutorialMilliseconds = 260
)

// Tutorial returns what the stack of the tutorial costs a month: one request to sign a form, and the form. It has no
// authorizer, no verdict, no record and no alarm.
func Tutorial(traffic Traffic) []Line {
	n := float64(traffic.Uploads)
	kept := n * float64(traffic.AverageSize) / gigabyte
	return []Line{
		{requests, number(n) + " requests", restRequest.Of(n)},
		{signing, number(n) + " invocations", invocation.Of(n) + x86Second.Of(n*tutorialMilliseconds/1000*tutorialMemory/1024)},
		{storing, number(n) + " requests", objectWrite.Of(n)},
		{files, number(kept) + " GB", objectStorage.Of(kept)},
	}
}

// Table writes as Markdown what a stage costs a month, beside the tutorial's stack.
func Table(t *cfn.Template, traffic Traffic) string {
	tutorial := map[string]float64{}
	for _, l := range Tutorial(traffic) {
		tutorial[l.Feature] = l.Dollars
	}
	var b strings.Builder
	b.WriteString("| feature | what it uses | dollars | the tutorial's stack |\n|---|---|---|---|\n")
	row := func(feature, what string, dollars float64, other string) {
		fmt.Fprintf(&b, "| %s | %s | %.2f | %s |\n", feature, what, dollars, other)
	}
	lines := Month(t, traffic)
	isStored := func(l Line) bool { return l.Feature == storing || l.Feature == files }
	for _, stored := range []bool{false, true} {
		for _, l := range lines {
			if isStored(l) != stored {
				continue
			}
			other := ""
			if dollars, ok := tutorial[l.Feature]; ok {
				other = fmt.Sprintf("%.2f", dollars)
			}
			row(l.Feature, l.What, l.Dollars, other)
		}
		if !stored {
			row("**all but what stores**", "", Total(slices.DeleteFunc(slices.Clone(lines), isStored)),
				fmt.Sprintf("%.2f", Total(slices.DeleteFunc(Tutorial(traffic), isStored))))
		}
	}
	row("**all**", "", Total(lines), fmt.Sprintf("%.2f", Total(Tutorial(traffic))))
	return b.String()
}
