package gateway

import (
	"errors"
	"fmt"
	"strings"

	"postern/internal/cfn/wildcard"
)

// A policy is an IAM policy with what the local run understands of it: a member without a field here makes the
// whole answer malformed, so that no condition is ever passed over.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement statements
}

type statement struct {
	Sid      string
	Effect   string
	Action   texts
	Resource texts
}

// decision is what a policy says of a method. The zero value is the safe one.
type decision int

const (
	notAllowed decision = iota // no statement allows it
	allowed
	denied // a statement denies it
)

func (p policy) check() error {
	if p.Version != "2012-10-17" && p.Version != "2008-10-17" && p.Version != "" {
		return errors.New("the policy's Version is unknown")
	}
	for i, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return fmt.Errorf("statement %d: Effect is neither Allow nor Deny", i)
		}
		if len(s.Action) == 0 || len(s.Resource) == 0 {
			return fmt.Errorf("statement %d: Action or Resource is missing", i)
		}
	}
	return nil
}

// decide evaluates the policy for execute-api:Invoke on a method's ARN. A denial wins over any permission.
// Source: IAM User Guide, "Policy evaluation logic".
func (p policy) decide(methodARN string) decision {
	result := notAllowed
	for _, s := range p.Statement {
		if !s.covers(methodARN) {
			continue
		}
		if s.Effect == "Deny" {
			return denied
		}
		result = allowed
	}
	return result
}

func (s statement) covers(methodARN string) bool {
	action, resource := false, false
	for _, pattern := range s.Action {
		action = action || wildcard.Match(strings.ToLower(pattern), "execute-api:invoke")
	}
	for _, pattern := range s.Resource {
		resource = resource || wildcard.Match(pattern, methodARN)
	}
	return action && resource
}
