package stack_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"postern/infra/stage"
)

// TestOrder deploys a template on paper: CloudFormation makes a resource when all that it refers to are there.
func TestOrder(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		if stuck := template.deploy(); len(stuck) != 0 {
			t.Errorf("in a cycle, or behind one: %s", stuck)
		}
	})
	if stuck := choices.deploy(); len(stuck) != 0 {
		t.Errorf("with every choice, in a cycle, or behind one: %s", stuck)
	}
}

// TestOrderFindsACycle lets the queue's policy name the bucket, which waits for the policy.
func TestOrderFindsACycle(t *testing.T) {
	for _, reference := range []any{
		map[string]any{"Ref": "Uploads"},
		map[string]any{"Fn::GetAtt": []any{"Uploads", "Arn"}},
		map[string]any{"Fn::GetAtt": "Uploads.Arn"},
		map[string]any{"Fn::Sub": "${Uploads.Arn}/*"},
		map[string]any{"Fn::Sub": []any{"${Uploads}/*", map[string]any{}}},
		map[string]any{"Fn::Join": []any{"", []any{"arn:", map[string]any{"Ref": "Uploads"}}}},
	} {
		made := &template{Resources: map[string]resource{
			"Uploads":     {DependsOn: []string{"Policy"}},
			"Policy":      {Properties: map[string]any{"Condition": map[string]any{"aws:SourceArn": reference}}},
			"Inspections": {Properties: map[string]any{"Account": map[string]any{"Ref": "AWS::AccountId"}}},
		}}
		if got, want := made.deploy(), []string{"Policy", "Uploads"}; !slices.Equal(got, want) {
			t.Errorf("%v: got %s, want %s", reference, got, want)
		}
	}
}

// deploy makes each resource once those that it needs are made, and returns what cannot be made, sorted.
func (t *template) deploy() (stuck []string) {
	waiting := map[string]map[string]bool{}
	for id, r := range t.Resources {
		waiting[id] = map[string]bool{}
		for _, needed := range r.DependsOn {
			waiting[id][needed] = true
		}
		t.references(r.Properties, waiting[id])
	}
	for before := -1; before != len(waiting); {
		before = len(waiting)
		for id, needs := range waiting {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(needs)), func(needed string) bool { return waiting[needed] != nil }) {
				delete(waiting, id)
			}
		}
	}
	return slices.Sorted(maps.Keys(waiting))
}

// references collects the resources that a value refers to.
func (t *template) references(value any, into map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			switch name {
			case "Ref", "Fn::GetAtt", "Fn::Sub":
				t.mentioned(member, into)
			}
			t.references(member, into)
		}
	case []any:
		for _, member := range value {
			t.references(member, into)
		}
	}
}

// mentioned collects the resources that the argument of an intrinsic function mentions: in its text, or first in its
// list.
func (t *template) mentioned(argument any, into map[string]bool) {
	if list, ok := argument.([]any); ok {
		argument = list[0]
	}
	text, _ := argument.(string)
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("${}.:/*", r) })
	for _, word := range words {
		if _, ok := t.Resources[word]; ok {
			into[word] = true
		}
	}
}
