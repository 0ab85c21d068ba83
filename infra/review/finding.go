// Package review reads synthesized templates for a reviewer: what one template lacks (Findings), what a change does to
// routes, rights, data, settings and alarms (Compare), and both as Markdown, the risky first. All of it is pure functions.
package review

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// A Finding is something that a template must not have, or lacks.
type Finding struct {
	Rule     string // the rule's name: "bucket policy"
	Resource string // logical id, without the hash at its end
	Message  string // what is wrong, and what must be
}

// String returns the finding as one line.
func (f Finding) String() string { return f.Resource + ": " + f.Message }

// A rule looks through a template. Row is the test of infra/stack that docs/security.md names for what the rule guards.
type rule struct {
	name, row string
	find      func(stack) []Finding
}

// rules are all that a template is held to.
var rules = slices.Concat(
	propertyRules, consistencyRules, bucketRules, objectLogRules, domainRules, backupRules, queueRules, roleRules, functionRules, apiRules, alarmRules,
)

// Findings returns what is wrong with a template, sorted by resource. pages are the names of the pages of docs/runbook,
// without their ending.
func Findings(template *cfn.Template, pages []string) []Finding {
	s := stack{template, pages}
	var all []Finding
	for _, r := range rules {
		for _, f := range r.find(s) {
			f.Rule, f.Resource = r.name, name(f.Resource)
			f.Message = plain(f.Message)
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(all)
}

// Rows returns the tests of infra/stack that docs/security.md names and for which there is a rule.
func Rows() []string {
	var rows []string
	for _, r := range rules {
		rows = append(rows, r.row)
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// A stack is a template, and what lies beside it.
type stack struct {
	*cfn.Template
	pages []string
}

// of returns the logical ids of a type's resources, sorted.
func (s stack) of(kind string) []string { return idsOf(s.Template, kind) }

func idsOf(t *cfn.Template, kind string) []string {
	var ids []string
	for id, r := range t.Resources {
		if r.Type == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// each calls find for every resource of a type. A template without any is a finding.
func each(kind string, find func(s stack, id string, r cfn.Resource) []Finding) func(stack) []Finding {
	return func(s stack) []Finding {
		if len(s.of(kind)) == 0 {
			return []Finding{found(kind, "the template must have one")}
		}
		return eachChosen(kind, find)(s)
	}
}

// eachChosen calls find for every resource of a type that a stage may do without.
func eachChosen(kind string, find func(s stack, id string, r cfn.Resource) []Finding) func(stack) []Finding {
	return func(s stack) []Finding {
		var all []Finding
		for _, id := range s.of(kind) {
			all = append(all, find(s, id, s.Resources[id])...)
		}
		return all
	}
}

func found(id, format string, arguments ...any) Finding {
	return Finding{Resource: id, Message: fmt.Sprintf(format, arguments...)}
}

var (
	idHash     = regexp.MustCompile(`^([A-Z]\w*?)[0-9A-F]{8}$`)
	referenced = regexp.MustCompile(`\$\{([A-Z]\w*?)[0-9A-F]{8}([.}])`)
)

// name returns a logical id without the hash at its end.
func name(id string) string { return idHash.ReplaceAllString(id, "$1") }

// plain returns a text without the hashes of the logical ids that it refers to.
func plain(text string) string { return referenced.ReplaceAllString(text, "$${$1$2") }

// refersTo returns the logical id that a reference names: ${Uploads4F6EB0FD.Arn}. It is empty if the value is no reference.
func refersTo(value any) string {
	text := cfn.Text(value)
	if !strings.HasPrefix(text, "${") || strings.IndexByte(text, '}') != len(text)-1 {
		return ""
	}
	id, _, _ := strings.Cut(text[2:len(text)-1], ".")
	return id
}
