package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

type removeUploads struct {
	caller
	IDs []uploadID `arg:"" name:"id" help:"Ids of the uploads."`
	Yes bool       `help:"Do not ask. Needed when stdin is no terminal."`
}

// Help is the long text of --help.
func (removeUploads) Help() string {
	return "The bytes are deleted, all versions of them, and what is known of the uploads. There is no way back.\n\n" + callerHelp
}

// Run deletes uploads, after a question. One that is not there does not keep the others from being deleted.
func (c removeUploads) Run(ctx context.Context, at location, console console) error {
	if _, ok := terminalOf(console.in); !ok && !c.Yes {
		return usageError("stdin is no terminal to ask at: confirm the deletion with --yes")
	}
	api, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := console.confirm(ctx, c.question(api)); err != nil {
			return err
		}
	}
	var failures error
	for _, id := range c.IDs {
		err := api.do(ctx, call{method: http.MethodDelete, path: id.path()}, nil)
		if err != nil {
			failures = errors.Join(failures, fmt.Errorf("deleting upload %s: %w", id, err))
			if !aboutOne(err) {
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

func (c removeUploads) question(api api) string {
	if len(c.IDs) == 1 {
		return fmt.Sprintf("Delete upload %s at %s?", c.IDs[0], api.base.Host)
	}
	return fmt.Sprintf("Delete %d uploads at %s?", len(c.IDs), api.base.Host)
}

// aboutOne reports whether an error is about one upload, so that another may fare better.
func aboutOne(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && (r.status == http.StatusNotFound || r.status == http.StatusConflict)
}
