package review

import (
	"fmt"
	"math"

	"postern/api"
	"postern/infra/cost"
	"postern/internal/cfn"
)

// costChanges returns what a change does to the monthly cost, at the traffic that the new template states. Each feature
// whose cost changes by a cent or more has a line.
func costChanges(old, made *cfn.Template) []string {
	traffic := cost.TrafficOf(made)
	before, after := cost.Month(old, traffic), cost.Month(made, traffic)
	was, now := cost.Total(before), cost.Total(after)
	at := fmt.Sprintf("with %d uploads of %s on average", traffic.Uploads, api.FormatSize(traffic.AverageSize))
	lines := []string{fmt.Sprintf("about %.2f dollars, %.2f before (%+.2f), %s", now, was, now-was, at)}
	if !differs(now, was) {
		lines[0] = fmt.Sprintf("about %.2f dollars, as before, %s", now, at)
	}
	wasBy, nowBy := byFeature(before), byFeature(after)
	for _, l := range append(after, gone(before, nowBy)...) {
		if w, n := wasBy[l.Feature], nowBy[l.Feature]; differs(w.Dollars, n.Dollars) {
			lines = append(lines, fmt.Sprintf("%s: %s → %s", l.Feature, costOf(w), costOf(n)))
		}
	}
	return lines
}

func differs(a, b float64) bool { return math.Abs(a-b) >= 0.005 }

func costOf(l cost.Line) string {
	if l.Feature == "" {
		return "none"
	}
	return fmt.Sprintf("%.2f (%s)", l.Dollars, l.What)
}

func byFeature(lines []cost.Line) map[string]cost.Line {
	m := map[string]cost.Line{}
	for _, l := range lines {
		m[l.Feature] = l
	}
	return m
}

// gone returns the lines whose feature is no longer there.
func gone(lines []cost.Line, now map[string]cost.Line) []cost.Line {
	var rest []cost.Line
	for _, l := range lines {
		if _, ok := now[l.Feature]; !ok {
			rest = append(rest, l)
		}
	}
	return rest
}
