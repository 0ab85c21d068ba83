package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"postern/api"
	"postern/client"
)

// An identified upload is what most commands of callers work on.
type identified struct {
	ID uploadID `arg:"" help:"Id of the upload."`
}

// An uploadID names an upload, as an argument.
type uploadID string

// UnmarshalText reads an argument.
func (id *uploadID) UnmarshalText(text []byte) error {
	if !api.IsID(string(text)) {
		return errors.New("not the id of an upload: must be 32 digits 0-9a-f, a dot and an extension, as list shows them")
	}
	*id = uploadID(text)
	return nil
}

type listUploads struct {
	caller
	Limit   int    `default:"50" placeholder:"N" help:"How many at most. Default: ${default}."`
	All     bool   `help:"As many as there are, whatever --limit says."`
	Status  string `enum:",waiting,ready,rejected" default:"" placeholder:"STATUS" help:"Only those that are waiting, ready or rejected."`
	Context string `placeholder:"CONTEXT" help:"Only those of this context, which role service gave."`
	Open    bool   `help:"Only those that upload has begun on this machine and not completed: upload goes on with them."`
	JSON    bool   `name:"json" help:"Print a JSON array, as the API has it."`
}

// Validate refuses a limit that lists nothing.
func (c listUploads) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit is less than 1: must be at least 1, or --all")
	}
	return nil
}

// Run lists uploads, the newest first.
func (c listUploads) Run(ctx context.Context, at location, console console) error {
	client, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	if c.Open {
		return c.listOpen(ctx, console, client)
	}
	uploads, more, err := c.read(ctx, client)
	if err != nil {
		return fmt.Errorf("listing uploads: %w", err)
	}
	if c.JSON {
		err = writeJSON(console.out, uploads)
	} else {
		err = writeUploads(console.out, uploads)
	}
	if err == nil && more {
		console.note("there may be more: see them with a higher --limit or --all\n")
	}
	return err
}

// read returns the uploads, and whether there may be more.
func (c listUploads) read(ctx context.Context, remote *client.Client) (uploads []client.Upload, more bool, err error) {
	options := client.ListOptions{Status: c.Status, Context: c.Context, Limit: c.Limit}
	if c.All {
		options.Limit = 0
	}
	uploads = []client.Upload{} // [] in JSON
	for page, err := range remote.List(ctx, options) {
		if err != nil {
			return nil, false, err
		}
		uploads, more = append(uploads, page.Uploads...), page.More
	}
	if !c.All && len(uploads) > c.Limit {
		return uploads[:c.Limit], true, nil
	}
	return uploads, more, nil
}

type showUpload struct {
	caller
	identified
	JSON bool `name:"json" help:"Print a JSON object, as the API has it."`
}

// Run shows what is known of an upload.
func (c showUpload) Run(ctx context.Context, at location, console console) error {
	_, u, err := c.get(ctx, at, console, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(console.out, u)
	}
	return writeUpload(console.out, u.Upload)
}

// get opens the API and asks it for an upload.
func (c caller) get(ctx context.Context, at location, console console, id uploadID) (*client.Client, client.Upload, error) {
	remote, err := c.open(ctx, at, console)
	if err != nil {
		return nil, client.Upload{}, err
	}
	u, err := remote.Get(ctx, string(id))
	if err != nil {
		return nil, client.Upload{}, fmt.Errorf("asking for upload %s: %w", id, err)
	}
	return remote, u, nil
}

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
	if c.IfVersion != nil && *c.IfVersion < 0 {
		return errors.New("--if-version is negative: must be a version, as show has it")
	}
	return nil
}

// Run changes what people see of an upload.
func (c describeUpload) Run(ctx context.Context, at location, console console) error {
	patch, version := api.UploadPatch{Title: c.Title, Description: c.Description}, client.AnyVersion
	switch {
	case c.NoLabels:
		patch.Labels = &[]string{}
	case c.Label != nil:
		patch.Labels = &c.Label
	}
	if c.IfVersion != nil {
		version = *c.IfVersion
	}
	remote, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	u, err := remote.Patch(ctx, string(c.ID), patch, version)
	if err != nil {
		return fmt.Errorf("describing upload %s: %w", c.ID, err)
	}
	return console.printf("described upload %s: it has version %d now\n", u.ID, u.Version)
}

type removeUploads struct {
	caller
	IDs []uploadID `arg:"" name:"id" help:"Ids of the uploads."`
	Yes bool       `help:"Do not ask. Needed when stdin is not a terminal."`
}

// Help is the long text of --help.
func (removeUploads) Help() string {
	return "The bytes are deleted, all versions of them, and what is known of the uploads. There is no way back.\n\n" + callerHelp
}

// Run deletes uploads, after a question. One that is not there does not keep the others from being deleted.
func (c removeUploads) Run(ctx context.Context, at location, console console) error {
	if _, ok := terminalOf(console.in); !ok && !c.Yes {
		return usageError("stdin is not a terminal to ask at: confirm the deletion with --yes")
	}
	remote, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := console.confirm(ctx, c.question(remote)); err != nil {
			return err
		}
	}
	var failures error
	for _, id := range c.IDs {
		if err := remote.Delete(ctx, string(id)); err != nil {
			failures = errors.Join(failures, fmt.Errorf("deleting upload %s: %w", id, err))
			if !concernsOne(err) {
				return failures
			}
			continue
		}
		if err := console.printf("deleted upload %s\n", id); err != nil {
			return err
		}
	}
	return failures
}

func (c removeUploads) question(remote *client.Client) string {
	if len(c.IDs) == 1 {
		return fmt.Sprintf("Delete upload %s at %s?", c.IDs[0], remote.Host())
	}
	return fmt.Sprintf("Delete %d uploads at %s?", len(c.IDs), remote.Host())
}

// concernsOne reports whether an error concerns one upload, so that another may fare better.
func concernsOne(err error) bool {
	failure, ok := errors.AsType[*client.Error](err)
	return ok && (failure.Status == http.StatusNotFound || failure.Status == http.StatusConflict)
}
