package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"

	"postern/api"
	"postern/client"
)

// An openUpload is what list --open tells of an upload that is not complete.
type openUpload struct {
	ID   string `json:"id"`
	File string `json:"file"`
	Size int64  `json:"size"` // bytes
	// Multiparts are what S3 has of it. If there are none, nothing is left to go on with.
	Multiparts []api.OpenMultipart `json:"multiparts"`
}

// listOpen lists the uploads that this machine has begun and not completed.
func (c listUploads) listOpen(ctx context.Context, console console, from *client.Client) error {
	states, err := openStates(stateFolder("uploads"), c.account(from))
	if err != nil {
		return fmt.Errorf("reading the states: %w", err)
	}
	open := []openUpload{} // [] in JSON
	for _, state := range states {
		found, err := from.Get(ctx, state.State.ID)
		if failure, ok := errors.AsType[*client.Error](err); err != nil && (!ok || failure.Status != http.StatusNotFound) {
			return fmt.Errorf("asking for upload %s: %w", state.State.ID, err)
		}
		if found.Status != "" && found.Status != api.StatusWaiting {
			continue
		}
		open = append(open, openUpload{state.State.ID, state.File, state.Size, found.Multiparts})
	}
	if c.JSON {
		return writeJSON(console.out, open)
	}
	return writeOpen(console.out, open)
}

func writeOpen(out io.Writer, open []openUpload) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "ID\tSIZE\tBEGUN\tFILE\n")
	for _, u := range open {
		begun := "nothing is left"
		if len(u.Multiparts) > 0 {
			begun = formatTime(u.Multiparts[0].CreatedAt.Time)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", u.ID, roundSize(u.Size), begun, printable(u.File))
	}
	return table.Flush()
}
