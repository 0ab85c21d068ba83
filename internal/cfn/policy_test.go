package cfn_test

import (
	"strings"
	"testing"

	"postern/internal/cfn"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "a/b:c", true},
		{"a*", "b", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"?", "", false},
		{"a*c", "abcbc", true},
		{"a*c", "abcb", false},
		{"*b*d", "abcd", true},
		{"a**", "a", true},
		{"a.c", "abc", false},
		{"a[bc]", "ab", false},
		{"arn:aws:execute-api:*:*:id/api/GET/*", "arn:aws:execute-api:eu-west-1:0:id/api/GET/uploads/1", true},
		{"arn:aws:execute-api:*:*:id/api/GET/*", "arn:aws:execute-api:eu-west-1:0:id/api/POST/uploads", false},
	} {
		if got := cfn.Match(test.pattern, test.s); got != test.want {
			t.Errorf("Match(%q, %q) = %v, want %v", test.pattern, test.s, got, test.want)
		}
	}
}

// A caller chooses the path, so a pattern must not take exponential time.
func TestMatchManyStars(t *testing.T) {
	if cfn.Match(strings.Repeat("*a", 50)+"b", strings.Repeat("a", 5000)) {
		t.Error("a string without b matches a pattern that ends in b")
	}
}
