package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

type describeUpload struct {
	caller
	identified
	Title       *string  `placeholder:"TITLE" help:"New title, at most 300 characters. Empty removes it."`
	Description *string  `placeholder:"TEXT" help:"New description, at most 2,000 characters. Empty removes it."`
	Label       []string `sep:"none" placeholder:"LABEL" help:"Label, one of at most 20 that replace those there are. Once for each."`
	NoLabels    bool     `help:"Remove the labels."`
	IfVersion   *int64   `placeholder:"N" help:"Change nothing unless this is the version, as show has it."`
}

// Validate refuses a change of nothing.
func (c describeUpload) Validate() error {
	if c.Label != nil && c.NoLabels {
		return errors.New("--label and --no-labels exclude each other")
	}
	if c.Title == nil && c.Description == nil && c.Label == nil && !c.NoLabels {
		return errors.New("nothing to change: name --title, --description, --label or --no-labels")
	}
	return nil
}

// A patch says what is to be changed of an upload.
type patch struct {
	Title       *string   `json:"title,omitempty"`
	Description *string   `json:"description,omitempty"`
	Labels      *[]string `json:"labels,omitempty"`
}

// Run changes what people see of an upload.
func (c describeUpload) Run(ctx context.Context, at location, console console) error {
	api, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	change := call{method: http.MethodPatch, path: c.ID.path(), body: c.patch()}
	if c.IfVersion != nil {
		change.ifMatch = fmt.Sprintf(`"%d"`, *c.IfVersion)
	}
	var u upload
	if err := api.do(ctx, change, &u); err != nil {
		return fmt.Errorf("describing upload %s: %w", c.ID, err)
	}
	return console.printf("described upload %s: it has version %d now\n", u.ID, u.Version)
}

func (c describeUpload) patch() patch {
	p := patch{Title: c.Title, Description: c.Description}
	switch {
	case c.NoLabels:
		p.Labels = &[]string{}
	case c.Label != nil:
		p.Labels = &c.Label
	}
	return p
}
