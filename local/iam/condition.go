package iam

import (
	"slices"
	"strconv"
	"strings"

	"postern/internal/cfn"
)

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
