package review

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// A nagLine is what cdk-nag says of one rule for one resource.
// Source: cdk-nag, src/nag-logger.ts.
type nagLine struct {
	RuleID     string `json:"ruleId"`
	ResourceID string `json:"resourceId"` // the construct's path: Postern-prod/Uploads/Resource
	Compliance string `json:"compliance"`
	RuleInfo   string `json:"ruleInfo"`
}

// What cdk-nag says of a rule.
const (
	nagNonCompliant = "Non-Compliant"
	nagUnknown      = "UNKNOWN" // the rule itself failed
	nagSuppressed   = "Suppressed"
)

// NagFindings returns what cdk-nag found in a template that holds the paths of its constructs, sorted by resource: rules that
// a resource does not hold to, and exemptions from rules that it holds to. reports are cdk-nag's, one a pack of rules, as
// JSON.
func NagFindings(template *cfn.Template, reports ...[]byte) ([]Finding, error) {
	var all []Finding
	ids, used := nagIDs(template), map[string]bool{} // by logical id and rule
	for _, report := range reports {
		var read struct{ Lines []nagLine }
		if err := json.Unmarshal(report, &read); err != nil {
			return nil, fmt.Errorf("report of cdk-nag on %s must be JSON: %w", template.Stack, err)
		}
		if len(read.Lines) == 0 {
			return nil, fmt.Errorf("report of cdk-nag on %s must have lines, and has none", template.Stack)
		}
		for _, line := range read.Lines {
			id := cmp.Or(ids[line.ResourceID], line.ResourceID)
			switch line.Compliance {
			case nagSuppressed:
				used[id+" "+line.RuleID] = true
			case nagNonCompliant, nagUnknown:
				all = append(all, found(id, "%s: %s", line.RuleID, strings.TrimSpace(line.RuleInfo)))
			}
		}
	}
	for id, r := range template.Resources {
		for _, rule := range exemptions(r) {
			if !used[id+" "+rule] {
				all = append(all, found(id, "%s: the exemption exempts from nothing, and must go", rule))
			}
		}
	}
	for i := range all {
		all[i].Rule, all[i].Resource = "cdk-nag", name(all[i].Resource)
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(all), nil
}

// nagIDs returns the logical ids of a template's resources by their constructs' paths.
func nagIDs(template *cfn.Template) map[string]string {
	ids := map[string]string{}
	for id, r := range template.Resources {
		if path, ok := r.Metadata["aws:cdk:path"].(string); ok {
			ids[path] = id
		}
	}
	return ids
}

// exemptions returns the rules that a resource is exempt from.
func exemptions(r cfn.Resource) []string {
	nag, _ := r.Metadata["cdk_nag"].(map[string]any)
	suppressions, _ := nag["rules_to_suppress"].([]any)
	var rules []string
	for _, s := range suppressions {
		if s, ok := s.(map[string]any); ok {
			rules = append(rules, cfn.Text(s["id"]))
		}
	}
	return rules
}
