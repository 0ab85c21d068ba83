package iam

import (
	"fmt"
	"io"
	"sync"

	"postern/local/template"
)

// Policies are what the stack lets its roles do. They are safe for concurrent use.
type Policies struct {
	account string
	roles   []template.Role
	denials []template.Statement // of the buckets, for everyone
	log     io.Writer

	mu   sync.Mutex
	used map[grant]int
}

// NewPolicies takes the policies of a stack's roles and buckets. It writes a line to log for each call that it denies.
func NewPolicies(stack *template.Stack, log io.Writer) *Policies {
	p := &Policies{account: stack.AccountID, roles: stack.Roles, log: log, used: make(map[grant]int)}
	for _, bucket := range stack.Buckets {
		p.denials = append(p.denials, bucket.Policy...)
	}
	return p
}

// Check returns nil when a principal (the logical id of a role, or Operator) may make every one of the calls that a
// request consists of, and otherwise *DeniedError. It denies what any statement denies, what no statement of the role
// allows, and everything to a principal that it does not know.
// Source: IAM User Guide, "Policy evaluation logic".
func (p *Policies) Check(principal string, calls ...Call) error {
	var grants []grant
	for _, call := range calls {
		granted, err := p.decide(principal, call)
		if err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			_, _ = fmt.Fprintln(p.log, "iam: denied: "+err.line())
			return err
		}
		grants = append(grants, granted)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, granted := range grants {
		p.used[granted]++
	}
	return nil
}

// decide finds the grant that allows a call. The operator needs none.
func (p *Policies) decide(principal string, call Call) (grant, *DeniedError) {
	role, known := p.role(principal)
	denied := &DeniedError{Call: call, Principal: p.arn(principal, role), role: principal}
	for _, s := range p.denials {
		if call.deniedBy(s) {
			denied.Explicit, denied.source, denied.statement = true, "a resource-based policy", s.Sid
			return grant{}, denied
		}
	}
	if principal == Operator {
		return grant{}, nil
	}
	for _, s := range role.Statements {
		if call.deniedBy(s) {
			denied.Explicit, denied.source, denied.statement = true, "an identity-based policy", s.Sid
			return grant{}, denied
		}
	}
	for i, s := range role.Statements {
		if action, resource, ok := call.allowedBy(s); ok && known {
			return grant{role.LogicalID, i, action, resource}, nil
		}
	}
	return grant{}, denied
}

func (p *Policies) role(logicalID string) (template.Role, bool) {
	for _, role := range p.roles {
		if role.LogicalID == logicalID {
			return role, true
		}
	}
	return template.Role{Name: "unknown"}, false
}

// arn names a principal as AWS does in its answers: a role by a session of it.
func (p *Policies) arn(principal string, role template.Role) string {
	if principal == Operator {
		return "arn:aws:iam::" + p.account + ":user/operator"
	}
	return "arn:aws:sts::" + p.account + ":assumed-role/" + role.Name + "/local"
}
