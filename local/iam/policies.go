package iam

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"postern/internal/cfn"
)

// Policies say what the stack's roles may do. They are safe for concurrent use.
type Policies struct {
	account string
	roles   []cfn.Role
	denials []cfn.Statement // of the buckets and queues, for everyone
	allowed []cfn.Statement // of the queues, for services
	log     io.Writer

	mu   sync.Mutex
	used map[grant]int
}

// NewPolicies takes the policies of a stack's roles, buckets and queues. It writes a line to log for each call that it denies.
func NewPolicies(stack *cfn.Stack, log io.Writer) *Policies {
	p := &Policies{account: stack.AccountID, roles: stack.Roles, log: log, used: make(map[grant]int)}
	for _, bucket := range stack.Buckets {
		p.denials = append(p.denials, bucket.Policy...)
	}
	for _, queue := range stack.Queues {
		for _, s := range queue.Policy {
			if s.Service == "" {
				p.denials = append(p.denials, s)
			} else {
				p.allowed = append(p.allowed, s)
			}
		}
	}
	return p
}

// Check returns a *DeniedError unless a principal may make all calls of a request. The principal is the logical id of a role,
// Operator, or a service such as s3.amazonaws.com. A call is denied if any statement denies it, or if none of the role, or
// of a queue for the service, allows it. An unknown principal is denied everything.
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

// decide returns the grant that allows a call. The operator needs none.
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

// role returns the role of a principal. For a service, it holds what the queues allow to the service.
func (p *Policies) role(principal string) (cfn.Role, bool) {
	for _, role := range p.roles {
		if role.LogicalID == principal {
			return role, true
		}
	}
	if isService(principal) {
		service := cfn.Role{LogicalID: principal, Name: principal}
		for _, s := range p.allowed {
			if s.Service == principal {
				service.Statements = append(service.Statements, s)
			}
		}
		return service, true
	}
	return cfn.Role{Name: "unknown"}, false
}

// isService reports whether a principal is a service of AWS. No logical id has a dot.
func isService(principal string) bool { return strings.HasSuffix(principal, ".amazonaws.com") }

// arn names a principal as AWS does in its answers: a role by a session.
func (p *Policies) arn(principal string, role cfn.Role) string {
	if isService(principal) {
		return principal
	}
	if principal == Operator {
		return "arn:aws:iam::" + p.account + ":user/operator"
	}
	return "arn:aws:sts::" + p.account + ":assumed-role/" + role.Name + "/local"
}

// A Grant is one action on one resource that a statement of a role allows.
type Grant struct {
	Role     string `json:"role"`          // logical id
	Sid      string `json:"sid,omitempty"` // of the statement
	Action   string `json:"action"`        // as the statement has it
	Resource string `json:"resource"`      // as the statement has it
	Used     int    `json:"used"`          // how many calls it has allowed
}

// A grant identifies a Grant. The zero value belongs to no role.
type grant struct {
	role             string
	statement        int // of the role
	action, resource string
}

// Grants returns all that the roles are granted, in the template's order. A call that several grants allow counts for the
// first, so that the others are unused.
func (p *Policies) Grants() []Grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Grant
	for _, role := range p.roles {
		for i, s := range role.Statements {
			if s.Effect != "Allow" {
				continue
			}
			for _, action := range s.Actions {
				for _, resource := range s.Resources {
					used := p.used[grant{role.LogicalID, i, action, resource}]
					all = append(all, Grant{role.LogicalID, s.Sid, action, resource, used})
				}
			}
		}
	}
	return all
}
