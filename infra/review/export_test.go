package review

import "slices"

// RuleNames returns the names of all rules, sorted, each once.
func RuleNames() []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
