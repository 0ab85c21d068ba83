package iam

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// A DeniedError is the refusal of a call. Its text is what AWS answers.
type DeniedError struct {
	Call      Call
	Principal string // ARN of the role's session, or the service
	Explicit  bool   // a statement denies it; otherwise none allows it

	role      string // logical id, or the service
	source    string // the kind of policy that denies it
	statement string // the Sid of the statement that denies it
}

func (d *DeniedError) Error() string {
	text := "User: " + d.Principal + " is not authorized to perform: " + d.Call.Action + " on resource: " + d.Call.Resource
	if d.Explicit {
		return text + " with an explicit deny in " + d.source
	}
	kind := "identity-based"
	if isService(d.role) {
		kind = "resource-based"
	}
	return text + " because no " + kind + " policy allows the " + d.Call.Action + " action"
}

// line tells this machine's operator the role, and the grant that it lacks or the statement that denies the call.
func (d *DeniedError) line() string {
	what := d.Call.Action + " on " + d.Call.Resource
	if !d.Explicit {
		return printable(d.role + " lacks " + what + d.conditions())
	}
	if d.statement == "" {
		return printable(d.role + " is refused " + what + " by " + d.source)
	}
	return printable(d.role + " is refused " + what + " by the statement " + d.statement + " of " + d.source)
}

// named are the condition keys that a line shows, besides those of tags.
var named = []string{"s3:prefix", "events:source", "events:detail-type", "aws:SourceArn", "aws:SourceAccount"}

// conditions lists those of them that the request has.
func (d *DeniedError) conditions() string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(d.Call.Conditions)) {
		if slices.Contains(named, key) || strings.Contains(key, "ObjectTag/") {
			all = append(all, key+" = "+d.Call.Conditions[key])
		}
	}
	if all == nil {
		return ""
	}
	return " if " + strings.Join(all, ", ")
}

// printable replaces what could end the line in a key or tag.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
