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
	Principal string // ARN of the role's session
	Explicit  bool   // whether a statement denies it; otherwise none allows it

	role      string // logical id
	source    string // the kind of policy that denies it
	statement string // the Sid of the statement that denies it
}

func (d *DeniedError) Error() string {
	text := "User: " + d.Principal + " is not authorized to perform: " + d.Call.Action + " on resource: " + d.Call.Resource
	if d.Explicit {
		return text + " with an explicit deny in " + d.source
	}
	return text + " because no identity-based policy allows the " + d.Call.Action + " action"
}

// line is what this machine's operator reads: the role, and the statement that it lacks or that denies the call.
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

// conditions are the request's tags and prefix, on which a statement may depend.
func (d *DeniedError) conditions() string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(d.Call.Conditions)) {
		if key == "s3:prefix" || strings.Contains(key, "ObjectTag/") {
			all = append(all, key+" = "+d.Call.Conditions[key])
		}
	}
	if all == nil {
		return ""
	}
	return " if " + strings.Join(all, ", ")
}

// printable keeps a key or tag from ending the line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
