package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// maxPage is how many uploads the API lists in one page at most.
const maxPage = 100

// maxEmpty is how many pages in a row may be empty: a million uploads of another status come before none that matches.
const maxEmpty = 10_000

type listUploads struct {
	caller
	Limit  int    `default:"50" placeholder:"N" help:"How many at most. Default: ${default}."`
	All    bool   `help:"As many as there are, whatever --limit says."`
	Status string `enum:",waiting,ready,rejected" default:"" placeholder:"STATUS" help:"Only those that are waiting, ready or rejected."`
	JSON   bool   `name:"json" help:"Print a JSON array, as the API has it."`
}

// Validate refuses a limit that lists nothing.
func (c listUploads) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit is less than 1: allowed is at least 1, or --all")
	}
	return nil
}

// Run lists uploads, the newest first.
func (c listUploads) Run(ctx context.Context, at location, console console) error {
	api, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	uploads, more, err := c.pages(ctx, api)
	if err != nil {
		return fmt.Errorf("listing uploads: %w", err)
	}
	if c.JSON {
		err = writeJSON(console.out, raws(uploads))
	} else {
		err = writeUploads(console.out, uploads)
	}
	if err == nil && more {
		console.note("there may be more: see them with a higher --limit or --all\n")
	}
	return err
}

// pages reads as many pages as it takes. It reports whether there may be more. After a page that is empty it asks for full
// ones, because what matches may be far down.
func (c listUploads) pages(ctx context.Context, api api) (uploads []upload, more bool, err error) {
	query := url.Values{}
	if c.Status != "" {
		query.Set("status", c.Status)
	}
	for empty := 0; ; {
		missing := maxPage
		if !c.All && empty == 0 {
			missing = min(maxPage, c.Limit-len(uploads))
		}
		query.Set("limit", strconv.Itoa(missing))
		var page struct {
			Uploads *[]upload `json:"uploads"`
			Cursor  string    `json:"cursor"`
		}
		if err := api.do(ctx, call{method: http.MethodGet, path: "uploads", query: query}, &page); err != nil {
			return nil, false, err
		}
		if page.Uploads == nil || len(*page.Uploads) > missing || page.Cursor != "" && page.Cursor == query.Get("cursor") ||
			!fall(uploads, *page.Uploads) {
			return nil, false, fmt.Errorf("%s answers with something else than a page of uploads: is it the API's address?", api.base.Host)
		}
		uploads = append(uploads, *page.Uploads...)
		if !c.All && len(uploads) >= c.Limit {
			return uploads[:c.Limit], page.Cursor != "" || len(uploads) > c.Limit, nil
		}
		if page.Cursor == "" {
			return uploads, false, nil
		}
		if empty++; len(*page.Uploads) > 0 {
			empty = 0
		}
		if empty == maxEmpty {
			return nil, false, fmt.Errorf("%s answers %d pages in a row without an upload: is it the API's address?", api.base.Host, maxEmpty)
		}
		query.Set("cursor", page.Cursor)
	}
}

// fall reports whether the ids of a page fall, from the last of those before it: they sort by time, the newest first.
func fall(before, page []upload) bool {
	for _, u := range page {
		if len(before) > 0 && u.ID >= before[len(before)-1].ID {
			return false
		}
		before = []upload{u}
	}
	return true
}
