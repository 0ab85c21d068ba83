package iam

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
