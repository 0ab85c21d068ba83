package review

import (
	"fmt"
	"slices"

	"postern/internal/cfn"
)

// routeChanges returns the routes that are added and changed, and those that anybody may call now or that are gone.
// Preflights follow from the others.
func routeChanges(old, made *cfn.Template) (lines, risky []string) {
	before, after := byRoute(old), byRoute(made)
	for _, r := range routes(made) {
		was, known := before[r.String()]
		switch {
		case r.method == "OPTIONS" && !r.authorized && r.by == "API Gateway":
			continue
		case !known:
			lines = append(lines, fmt.Sprintf("added: %s, answered by %s, for %s", code(r.String()), r.by, r.who()))
		case was.by != r.by || was.authorized != r.authorized:
			lines = append(lines, fmt.Sprintf("changed: %s, answered by %s, for %s; before by %s, for %s", code(r.String()), r.by, r.who(), was.by, was.who()))
		}
		if !r.authorized && (!known || was.authorized) {
			risky = append(risky, fmt.Sprintf("**opens** %s: anybody may call it", code(r.String())))
		}
	}
	for _, r := range routes(old) {
		if _, still := after[r.String()]; !still && r.method != "OPTIONS" {
			risky = append(risky, fmt.Sprintf("**breaks** clients that call %s: the route is gone", code(r.String())))
		}
	}
	return lines, risky
}

func byRoute(t *cfn.Template) map[string]route {
	all := map[string]route{}
	for _, r := range routes(t) {
		all[r.String()] = r
	}
	return all
}

// who says for whom a route is.
func (r route) who() string {
	if r.authorized {
		return "callers with credentials"
	}
	return "anybody"
}

// alarmChanges returns the alarms that are added and changed, and those that are gone.
func alarmChanges(old, made *cfn.Template) (lines, risky []string) {
	for _, id := range idsOf(made, alarmType) {
		r := made.Resources[id]
		was, known := old.Resources[id]
		if !known {
			lines = append(lines, fmt.Sprintf("added: %s: %s", code(name(id)), code(cfn.Text(r.At("AlarmDescription")))))
			continue
		}
		for _, line := range propertyChanges(was, r) {
			lines = append(lines, fmt.Sprintf("changed: %s: %s", code(name(id)), line))
		}
	}
	for _, id := range missing(old, made) {
		if old.Resources[id].Type == alarmType {
			risky = append(risky, fmt.Sprintf("**silences** %s: the alarm is gone, and nobody hears of it any more", code(name(id))))
		}
	}
	return lines, risky
}

// pageChanges returns the runbook's pages that are added and removed.
func pageChanges(old, made []string) []string {
	var lines []string
	for _, page := range slices.Sorted(slices.Values(less(made, old))) {
		lines = append(lines, "added: page "+code("docs/runbook/"+page+".md"))
	}
	for _, page := range slices.Sorted(slices.Values(less(old, made))) {
		lines = append(lines, "removed: page "+code("docs/runbook/"+page+".md"))
	}
	return lines
}
