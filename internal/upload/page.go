package upload

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"postern/api"
)

// A Page selects a part of an owner's uploads.
type Page struct {
	// Limit is the largest number of uploads: 1 to api.MaxPage.
	Limit int32
	// Before excludes this id and all later ones. If empty, the page is the first.
	Before string
	// Status selects uploads of one status. If empty, of any.
	Status Status
	// Context selects uploads of one context. If empty, of any.
	Context string
}

// Selects reports whether a record belongs on the page, by its status and its context.
func (p Page) Selects(record Record) bool {
	return record.Status != Deleted && (p.Status == "" || record.Status == p.Status) && (p.Context == "" || record.Context == p.Context)
}

// ParsePage reads the query parameters limit, cursor, status and context, each of which may be missing. It returns an Error that
// names the one that is malformed.
func ParsePage(query map[string]string) (Page, error) {
	page := Page{Limit: api.DefaultPage}
	if text, ok := query["limit"]; ok {
		limit, err := strconv.ParseInt(text, 10, 32)
		if err != nil || limit < 1 || limit > api.MaxPage || text != strconv.FormatInt(limit, 10) {
			return Page{}, invalid("limit %s is not allowed: must be 1 to %d", Quote(text), api.MaxPage)
		}
		page.Limit = int32(limit)
	}
	if text, ok := query["cursor"]; ok {
		before, ok := parseCursor(text)
		if !ok {
			return Page{}, invalid("cursor %s is not known: must be the cursor of a page, as it was answered", Quote(text))
		}
		page.Before = before
	}
	if text, ok := query["status"]; ok {
		if !slices.Contains(api.Statuses, text) {
			return Page{}, invalid("status %s is not known: must be one of %s", Quote(text), strings.Join(api.Statuses, ", "))
		}
		page.Status = statusOf(text)
	}
	if text, ok := query["context"]; ok {
		if err := checkContext(text); err != nil {
			return Page{}, err
		}
		page.Context = text
	}
	return page, nil
}

// statusOf returns the status of the records whose Shown is shown.
func statusOf(shown string) Status {
	if shown == api.StatusWaiting {
		return Accepted
	}
	return Status(shown)
}

// cursorForm is the first byte of a cursor. It says how to read the rest.
const cursorForm = "\x01"

// Cursor returns the cursor of the page that follows the upload id. It holds no owner: only the caller's identity says
// whose uploads are listed.
func Cursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorForm + id))
}

// parseCursor reads what Cursor returned, and nothing else.
func parseCursor(cursor string) (id string, ok bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(cursor)
	id, known := strings.CutPrefix(string(decoded), cursorForm)
	// The same bytes have other forms in base64, such as one with line feeds.
	return id, err == nil && known && api.IsID(id) && cursor == Cursor(id)
}
