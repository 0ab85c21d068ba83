package review

import (
	"slices"
	"strings"

	"postern/internal/cfn"
)

// A statement is one of a policy's, as text.
type statement struct {
	sid, effect string
	principals  []string // "Service s3.amazonaws.com", "AWS *"
	actions     []string
	resources   []string // ARNs with references as ${Uploads4F6EB0FD.Arn}; none in a trust policy
	conditions  []string // "Bool aws:SecureTransport: false"
	others      []string // NotAction, NotResource, NotPrincipal
}

// statements returns those of a policy document.
func statements(document any) []statement {
	policy, _ := document.(map[string]any)
	list, ok := policy["Statement"].([]any)
	if !ok && policy["Statement"] != nil {
		list = []any{policy["Statement"]}
	}
	var all []statement
	for _, member := range list {
		if m, ok := member.(map[string]any); ok {
			all = append(all, statementOf(m))
		}
	}
	return all
}

func statementOf(m map[string]any) statement {
	s := statement{
		sid: cfn.Text(m["Sid"]), effect: cfn.Text(m["Effect"]),
		actions: sorted(cfn.Texts(m["Action"])), resources: sorted(cfn.Texts(m["Resource"])),
	}
	switch principal := m["Principal"].(type) {
	case map[string]any:
		for kind, who := range principal {
			for _, text := range cfn.Texts(who) {
				s.principals = append(s.principals, kind+" "+text)
			}
		}
	case string:
		s.principals = []string{"AWS " + principal}
	}
	operators, _ := m["Condition"].(map[string]any)
	for operator, keys := range operators {
		byKey, _ := keys.(map[string]any)
		for key, values := range byKey {
			s.conditions = append(s.conditions, operator+" "+key+": "+strings.Join(sorted(cfn.Texts(values)), " or "))
		}
	}
	for _, key := range []string{"NotAction", "NotResource", "NotPrincipal"} {
		if m[key] != nil {
			s.others = append(s.others, key)
		}
	}
	slices.Sort(s.principals)
	slices.Sort(s.conditions)
	return s
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return texts
}

// inline returns the statements of all policies of a role.
func inline(role cfn.Resource) []statement {
	var all []statement
	policies, _ := role.At("Policies").([]any)
	for _, policy := range policies {
		if p, ok := policy.(map[string]any); ok {
			all = append(all, statements(p["PolicyDocument"])...)
		}
	}
	return all
}

// String returns a statement as one line of Markdown.
func (s statement) String() string {
	text := strings.Join(s.actions, ", ")
	if len(s.resources) > 0 {
		text += " on " + strings.Join(s.resources, ", ")
	}
	if len(s.principals) > 0 {
		text += " for " + strings.Join(s.principals, ", ")
	}
	if len(s.conditions) > 0 {
		text += " if " + strings.Join(s.conditions, " and ")
	}
	return text
}
