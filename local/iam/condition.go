package iam

import (
	"strconv"
	"strings"

	"postern/internal/cfn"
	"postern/internal/cfn/wildcard"
)

// An answer is whether a condition holds. The zero value is that nobody knows.
type answer int

const (
	unknown answer = iota
	no
	yes
)

// meets reports whether all conditions of a statement hold: one that is not understood matters only when no other fails.
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

// holds reports whether a condition holds for any of its values. Of a key that the request does not have, none does.
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
func holds(operator string, wanted []string, key string, request map[string]string) answer {
	compare, ok := comparisons[operator]
	if !ok {
		return unknown
	}
	got, ok := request[key]
	if !ok {
		return no
	}
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

// comparisons compare a policy's value with a request's, by operator.
var comparisons = map[string]func(wanted, got string) answer{
	"StringEquals":       func(wanted, got string) answer { return is(wanted == got) },
	"StringLike":         func(wanted, got string) answer { return is(wildcard.Match(wanted, got)) },
	"ArnEquals":          likeARN,
	"ArnLike":            likeARN,
	"Bool":               func(wanted, got string) answer { return is(strings.EqualFold(wanted, got)) },
	"NumericLessThan":    numeric(func(wanted, got float64) bool { return got < wanted }),
	"NumericGreaterThan": numeric(func(wanted, got float64) bool { return got > wanted }),
}

// arnParts is how many parts of an ARN are compared one by one. The last has whatever colons follow.
const arnParts = 6

// likeARN matches each part of an ARN by itself, so that no wildcard crosses from one into the next.
func likeARN(wanted, got string) answer {
	w, g := strings.SplitN(wanted, ":", arnParts), strings.SplitN(got, ":", arnParts)
	if len(w) != arnParts {
		return unknown
	}
	if len(g) != arnParts {
		return no
	}
	for i := range w {
		if !wildcard.Match(w[i], g[i]) {
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
