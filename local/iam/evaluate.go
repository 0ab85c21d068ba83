package iam

import (
	"strings"

	"postern/internal/cfn"
)

// A Call is one action that a principal wants to take on one resource.
type Call struct {
	Action   string // "s3:PutObject"
	Resource string // ARN
	// Conditions maps the request's condition keys to their values: "s3:RequestObjectTag/status" to "pending".
	Conditions map[string]string
}

// covers reports whether a statement is about the call's action and resource, and by which of its patterns. The case of
// actions does not matter. Source: IAM User Guide, "IAM JSON policy elements: Action" and "Resource".
func (c Call) covers(s cfn.Statement) (action, resource string, ok bool) {
	for _, action = range s.Actions {
		if !cfn.Match(strings.ToLower(action), strings.ToLower(c.Action)) {
			continue
		}
		for _, resource = range s.Resources {
			if cfn.Match(resource, c.Resource) {
				return action, resource, true
			}
		}
	}
	return "", "", false
}

// allowedBy reports whether a statement allows the call. An unknown condition does not hold.
func (c Call) allowedBy(s cfn.Statement) (action, resource string, ok bool) {
	action, resource, ok = c.covers(s)
	return action, resource, ok && s.Effect == "Allow" && c.meets(s) == yes
}

// deniedBy reports whether a statement denies the call. An unknown condition holds.
func (c Call) deniedBy(s cfn.Statement) bool {
	_, _, ok := c.covers(s)
	return ok && s.Effect != "Allow" && c.meets(s) != no
}
