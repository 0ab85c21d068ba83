package iam

import (
	"slices"
	"strconv"
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

// An answer says whether a condition holds. The zero value is unknown.
type answer int

const (
	unknown answer = iota
	no
	yes
)

// meets reports whether all conditions of a statement hold. It is unknown only if none fails.
func (c Call) meets(s cfn.Statement) answer {
	all := yes
	for operator, conditions := range s.Conditions {
		for key, wanted := range conditions {
			switch holds(operator, wanted, key, c.Conditions) {
			case no:
				return no
			case unknown:
				all = unknown
			}
		}
	}
	return all
}

// holds reports whether a condition holds for any of its values. If the request does not have the key, it holds for an
// operator that negates or that is for all of the key's values, and for no other. No key here has several values.
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys".
func holds(operator string, wanted []string, key string, request map[string]string) answer {
	got, present := request[key]
	name, forAll := strings.CutPrefix(operator, "ForAllValues:")
	compare, known := comparisons[name]
	switch {
	case operator == "Null":
		return matches(comparisons["Bool"], wanted, strconv.FormatBool(!present))
	case operator == "StringNotEquals":
		return is(!present || !slices.Contains(wanted, got))
	case !known:
		return unknown
	case !present:
		return is(forAll)
	}
	return matches(compare, wanted, got)
}

// matches compares a request's value with each of a policy's.
func matches(compare func(wanted, got string) answer, wanted []string, got string) answer {
	result := no
	for _, value := range wanted {
		switch compare(value, got) {
		case yes:
			return yes
		case unknown:
			result = unknown
		}
	}
	return result
}

// comparisons compares a policy's value with a request's, by operator.
var comparisons = map[string]func(wanted, got string) answer{
	"StringEquals":       func(wanted, got string) answer { return is(wanted == got) },
	"StringLike":         func(wanted, got string) answer { return is(cfn.Match(wanted, got)) },
	"ArnEquals":          likeARN,
	"ArnLike":            likeARN,
	"Bool":               func(wanted, got string) answer { return is(strings.EqualFold(wanted, got)) },
	"NumericLessThan":    numeric(func(wanted, got float64) bool { return got < wanted }),
	"NumericGreaterThan": numeric(func(wanted, got float64) bool { return got > wanted }),
}

// arnParts is the number of an ARN's parts that are compared one by one. The last holds all further colons.
const arnParts = 6

// likeARN matches each part of an ARN by itself, so that no wildcard spans two parts.
func likeARN(wanted, got string) answer {
	w, g := strings.SplitN(wanted, ":", arnParts), strings.SplitN(got, ":", arnParts)
	if len(w) != arnParts {
		return unknown
	}
	if len(g) != arnParts {
		return no
	}
	for i := range w {
		if !cfn.Match(w[i], g[i]) {
			return no
		}
	}
	return yes
}

func numeric(compare func(wanted, got float64) bool) func(wanted, got string) answer {
	return func(wanted, got string) answer {
		w, err := strconv.ParseFloat(wanted, 64)
		g, err2 := strconv.ParseFloat(got, 64)
		if err != nil || err2 != nil {
			return unknown
		}
		return is(compare(w, g))
	}
}

func is(holds bool) answer {
	if holds {
		return yes
	}
	return no
}
