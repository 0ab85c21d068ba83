package review

import (
	"cmp"
	"fmt"
	"slices"

	"postern/internal/cfn"
)

// A Side is a stack's template, and the names of the runbook's pages that lie beside it, without their ending. A nil
// Template is a stack that is not there: one side at least is.
type Side struct {
	Template *cfn.Template
	Pages    []string
	// Nag is what cdk-nag found in the stack, if it looked.
	Nag []Finding
}

// A Change is what lies between two templates of a stack, as lines of Markdown.
type Change struct {
	Stack string
	// Lost are the resources whose content the change deletes, orphans or no longer protects.
	Lost []string
	// Findings are those of the new template. Known are those of them that the old one has too.
	Findings []Finding
	Known    []Finding
	// Risky is what else a reviewer must see: routes that anybody may call now, or that clients miss, and removed alarms.
	Risky []string
	// Broadened are the statements that allow more, or deny less.
	Broadened []string

	Routes, Narrowed, Resources, Settings, Alarms, Roles []string
	// Cost is what becomes of the monthly cost. The first line has the sum.
	Cost []string
}

// Stops reports whether a person must decide: something is lost, unless allowed, or there is a finding.
func (c Change) Stops(lossAllowed bool) bool {
	return len(c.Findings) > 0 || len(c.Lost) > 0 && !lossAllowed
}

// Compare returns what changes from base to change. Both are of the same stack.
func Compare(base, change Side) Change {
	c := Change{Stack: cmp.Or(change.Template, base.Template).Stack}
	if change.Template != nil {
		c.Findings = slices.Concat(Findings(change.Template, change.Pages), change.Nag)
	}
	if base.Template == nil {
		c.Resources = []string{fmt.Sprintf("the stack is new, with %d resources", len(change.Template.Resources))}
		c.Cost = costChanges(&cfn.Template{}, change.Template)[:1]
		return c
	}
	c.Known = Findings(base.Template, base.Pages)
	old, made := base.Template, template(change)
	c.Lost = losses(old, made)
	c.Routes, c.Risky = routeChanges(old, made)
	c.Broadened, c.Narrowed = rightChanges(old, made)
	c.Resources = resourceChanges(old, made)
	c.Settings = settingChanges(old, made)
	alarms, silenced := alarmChanges(old, made)
	c.Alarms = slices.Concat(alarms, pageChanges(base.Pages, change.Pages))
	c.Risky = append(c.Risky, silenced...)
	c.Roles = roleChanges(old, made)
	c.Cost = costChanges(old, made)
	return c
}

func template(s Side) *cfn.Template {
	if s.Template == nil {
		return &cfn.Template{}
	}
	return s.Template
}

// shared returns the logical ids that both templates have with the same type, sorted.
func shared(old, made *cfn.Template) []string {
	var ids []string
	for id, r := range old.Resources {
		if made.Resources[id].Type == r.Type {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// missing returns the logical ids of a that b lacks, sorted.
func missing(a, b *cfn.Template) []string {
	var ids []string
	for id, r := range a.Resources {
		if b.Resources[id].Type != r.Type {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// less returns the members of a that b lacks, in a's order.
func less(a, b []string) []string {
	var rest []string
	for _, member := range a {
		if !slices.Contains(b, member) {
			rest = append(rest, member)
		}
	}
	return rest
}
