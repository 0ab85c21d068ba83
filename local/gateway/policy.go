package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// A policy is an IAM policy with the members that the local run understands. Any other member makes the whole answer
// malformed, so that no condition is ignored.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement statements
}

type statement struct {
	Sid      string
	Effect   string
	Action   texts
	Resource texts
}

// A decision is a policy's result for a method. The zero value is the safe one.
type decision int

const (
	notAllowed decision = iota // no statement allows it
	allowed
	denied // a statement denies it
)

func (p policy) check() error {
	if p.Version != "2012-10-17" && p.Version != "2008-10-17" && p.Version != "" {
		return errors.New("the policy's Version is unknown")
	}
	for i, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return fmt.Errorf("statement %d: Effect is neither Allow nor Deny", i)
		}
		if len(s.Action) == 0 || len(s.Resource) == 0 {
			return fmt.Errorf("statement %d: Action or Resource is missing", i)
		}
	}
	return nil
}

// decide evaluates the policy for execute-api:Invoke on a method's ARN. A denial overrides any permission.
// Source: IAM User Guide, "Policy evaluation logic".
func (p policy) decide(methodARN string) decision {
	result := notAllowed
	for _, s := range p.Statement {
		if !s.covers(methodARN) {
			continue
		}
		if s.Effect == "Deny" {
			return denied
		}
		result = allowed
	}
	return result
}

func (s statement) covers(methodARN string) bool {
	isInvoke := func(pattern string) bool { return cfn.Match(strings.ToLower(pattern), "execute-api:invoke") }
	isMethod := func(pattern string) bool { return cfn.Match(pattern, methodARN) }
	return slices.ContainsFunc(s.Action, isInvoke) && slices.ContainsFunc(s.Resource, isMethod)
}

// statements are written as a list or as a single statement.
type statements []statement

// UnmarshalJSON reads both forms.
func (s *statements) UnmarshalJSON(b []byte) error { return oneOrMany(b, (*[]statement)(s)) }

// texts are written as a list of strings or as a single string.
type texts []string

// UnmarshalJSON reads both forms.
func (t *texts) UnmarshalJSON(b []byte) error { return oneOrMany(b, (*[]string)(t)) }

func oneOrMany[T any](b []byte, many *[]T) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return decodeStrictly(b, many)
	}
	var one T
	err := decodeStrictly(b, &one)
	*many = []T{one}
	return err
}

// decodeStrictly reads exactly one JSON value without unknown members. Its errors hold no values.
func decodeStrictly(b []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding it: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
