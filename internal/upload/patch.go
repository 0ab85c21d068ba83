package upload

import (
	"fmt"

	"postern/api"
)

// A Patch is what a client changes of a record. Nil is what it leaves as it is; empty removes it.
type Patch struct {
	Title, Description *string
	Labels             *[]string
}

var (
	descriptionText = text{longest: api.MaxDescription, lines: true}
	labelText       = text{shortest: 1, longest: api.MaxLabel}
)

// Check returns an Error when the patch changes nothing, or when a field is not what api.UploadPatch says of it.
func (p Patch) Check() error {
	if p == (Patch{}) {
		return &Error{api.InvalidRequest, "the patch is empty: must have title, description or labels"}
	}
	if p.Title != nil {
		if err := titleText.check("title", *p.Title); err != nil {
			return err
		}
	}
	if p.Description != nil {
		if err := descriptionText.check("description", *p.Description); err != nil {
			return err
		}
	}
	if p.Labels != nil {
		return checkLabels(*p.Labels)
	}
	return nil
}

func checkLabels(labels []string) error {
	if len(labels) > api.MaxLabels {
		return &Error{api.InvalidRequest, fmt.Sprintf("labels are %d: must be at most %d", len(labels), api.MaxLabels)}
	}
	seen := map[string]bool{}
	for i, label := range labels {
		field := fmt.Sprintf("labels[%d]", i)
		if err := labelText.check(field, label); err != nil {
			return err
		}
		if seen[label] {
			return &Error{api.InvalidRequest, fmt.Sprintf("%s %s is given before: must be given once", field, Quote(label))}
		}
		seen[label] = true
	}
	return nil
}
