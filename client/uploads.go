package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"postern/api"
)

// An Upload is what the API tells of an upload.
type Upload struct {
	api.Upload

	// Raw is the API's JSON, with members that this version of the client doesn't know.
	Raw json.RawMessage
}

// UnmarshalJSON reads an upload and keeps its JSON. It returns an error for one that cannot be.
func (u *Upload) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &u.Upload); err != nil {
		return err
	}
	if u.Size < 0 {
		return errors.New("the upload's size is negative")
	}
	u.Raw = bytes.Clone(text)
	return checkID(u.ID)
}

// MarshalJSON returns the API's JSON.
func (u Upload) MarshalJSON() ([]byte, error) { return u.Raw.MarshalJSON() }

// checkID returns an error for what is no upload id, and would make another path of a request.
func checkID(id string) error {
	if !api.IsID(id) {
		return errors.New("not the id of an upload: must be 32 digits 0-9a-f, a dot and an extension")
	}
	return nil
}

// Get returns what is known of an upload.
func (c *Client) Get(ctx context.Context, id string) (Upload, error) {
	var u Upload
	if err := checkID(id); err != nil {
		return u, err
	}
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "uploads/" + id}, &u); err != nil {
		return Upload{}, err
	}
	if u.ID != id {
		return Upload{}, fmt.Errorf("%s answers with another upload", c.base.Host)
	}
	return u, nil
}

// Await asks for an upload until it is no longer waiting, and returns it: it is ready or rejected then. It asks for as
// long as ctx lasts, often at first and every 5 seconds in the end.
func (c *Client) Await(ctx context.Context, id string) (Upload, error) {
	for asked := 1; ; asked++ {
		u, err := c.Get(ctx, id)
		if err != nil || u.Status != api.StatusWaiting {
			return u, err
		}
		if err := sleep(ctx, pause(asked)); err != nil {
			return u, err
		}
	}
}

// ListOptions say which uploads are listed.
type ListOptions struct {
	// Status is one of api.Statuses. If empty, uploads of every status are listed.
	Status string
	// Context is the one context whose uploads are listed. If empty, uploads of every context are.
	Context string
	// Limit is how many uploads are wanted in all. If 0, all there are.
	Limit int
}

// A Page is a part of a list.
type Page struct {
	// Uploads are the page's, the newest first. It may be empty.
	Uploads []Upload
	// More reports whether there are further pages.
	More bool
}

// maxEmpty is how many pages in a row may be empty: a million uploads of another status come before none that matches.
const maxEmpty = 10_000

// List returns the uploads, the newest first, page by page. It ends with the last page, with the one that reaches the
// limit, and which may go beyond it, or with an error.
func (c *Client) List(ctx context.Context, options ListOptions) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		query := url.Values{}
		if options.Status != "" {
			query.Set("status", options.Status)
		}
		if options.Context != "" {
			query.Set("context", options.Context)
		}
		last, count, empty := "", 0, 0
		for {
			// After an empty page it asks for full ones, because what matches may be far down.
			size := api.MaxPage
			if options.Limit > 0 && empty == 0 {
				size = min(size, options.Limit-count)
			}
			page, err := c.page(ctx, query, size, last)
			if err != nil {
				yield(Page{}, err)
				return
			}
			if n := len(page.Uploads); n > 0 {
				last, count, empty = page.Uploads[n-1].ID, count+n, 0
			} else if empty++; empty == maxEmpty {
				yield(Page{}, fmt.Errorf("%s answers %d pages in a row without an upload: is it the API's address?", c.base.Host, maxEmpty))
				return
			}
			if !yield(page, nil) || !page.More || options.Limit > 0 && count >= options.Limit {
				return
			}
		}
	}
}

// page returns the next page, of at most size uploads, and sets the cursor of the one after it in query. last is the
// last upload before it.
func (c *Client) page(ctx context.Context, query url.Values, size int, last string) (Page, error) {
	query.Set("limit", strconv.Itoa(size))
	var list struct {
		Uploads *[]Upload `json:"uploads"`
		Cursor  string    `json:"cursor"`
	}
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "uploads", query: query}, &list); err != nil {
		return Page{}, err
	}
	if list.Uploads == nil || len(*list.Uploads) > size || list.Cursor != "" && list.Cursor == query.Get("cursor") ||
		!isDescending(last, *list.Uploads) {
		return Page{}, fmt.Errorf("%s answers with something else than a page of uploads: is it the API's address?", c.base.Host)
	}
	query.Set("cursor", list.Cursor)
	return Page{*list.Uploads, list.Cursor != ""}, nil
}

// isDescending reports whether each id is less than the one before it, the first one than last, unless that is empty.
// Ids sort by time.
func isDescending(last string, uploads []Upload) bool {
	for _, u := range uploads {
		if last != "" && u.ID >= last {
			return false
		}
		last = u.ID
	}
	return true
}

// AnyVersion lets Patch change an upload whatever version it has.
const AnyVersion int64 = -1

// Patch changes what people see of an upload, and returns the upload as it is then. If version is not AnyVersion, and
// the upload has another, nothing is changed and the *Error has the code api.PreconditionFailed.
func (c *Client) Patch(ctx context.Context, id string, patch api.UploadPatch, version int64) (Upload, error) {
	var u Upload
	if err := checkID(id); err != nil {
		return u, err
	}
	change := call{method: http.MethodPatch, path: "uploads/" + id, body: patch}
	if version != AnyVersion {
		// A repeated change would meet the version that it made itself.
		change.ifMatch, change.once = fmt.Sprintf(`"%d"`, version), true
	}
	_, err := c.do(ctx, change, &u)
	return u, err
}

// Delete deletes an upload: its bytes, every version of them, and its record.
func (c *Client) Delete(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	mayBeDone, err := c.do(ctx, call{method: http.MethodDelete, path: "uploads/" + id}, nil)
	if failure, ok := errors.AsType[*Error](err); ok && mayBeDone && failure.Status == http.StatusNotFound {
		return nil // an earlier attempt, whose answer was lost, deleted it
	}
	return err
}

// Health returns nil if the API answers.
func (c *Client) Health(ctx context.Context) error {
	var health api.Health
	_, err := c.do(ctx, call{method: http.MethodGet, path: "health"}, &health)
	return err
}

// Usage returns how much the caller's uploads take, and its limits.
func (c *Client) Usage(ctx context.Context) (api.Usage, error) {
	var usage api.Usage
	_, err := c.do(ctx, call{method: http.MethodGet, path: "usage"}, &usage)
	return usage, err
}

// DownloadURL returns a URL that downloads an upload that is ready, without credentials. The disposition is one of
// api.Dispositions.
func (c *Client) DownloadURL(ctx context.Context, id, disposition string) (api.Download, error) {
	if err := checkID(id); err != nil {
		return api.Download{}, err
	}
	var signed api.Download
	_, err := c.do(ctx, call{method: http.MethodGet, path: "uploads/" + id + "/download", query: url.Values{"disposition": {disposition}}}, &signed)
	return signed, err
}
