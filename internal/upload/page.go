package upload

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postern/api"
)

// A Page is the part of an owner's uploads that a client asks for.
type Page struct {
	// Limit is how many uploads it has at most: 1 to api.MaxPage.
	Limit int32
	// Before is the id that all ids of the page are before. If empty, the page is the first.
	Before string
	// Status is the one that all its uploads have. If empty, they have any.
	Status Status
}

// ParsePage reads what a client asks for: limit, cursor and status, each of which may be missing. It returns an Error
// that names the one that is malformed.
func ParsePage(asked map[string]string) (Page, error) {
	page := Page{Limit: api.DefaultPage}
	if text, ok := asked["limit"]; ok {
		limit, err := strconv.ParseInt(text, 10, 32)
		if err != nil || limit < 1 || limit > api.MaxPage || text != strconv.FormatInt(limit, 10) {
			return Page{}, &Error{api.InvalidRequest, fmt.Sprintf("limit %s is not allowed: must be 1 to %d", Quote(text), api.MaxPage)}
		}
		page.Limit = int32(limit)
	}
	if text, ok := asked["cursor"]; ok {
		before, ok := parseCursor(text)
		if !ok {
			return Page{}, &Error{api.InvalidRequest, fmt.Sprintf("cursor %s is not known: must be the cursor of a page, as it was answered", Quote(text))}
		}
		page.Before = before
	}
	if text, ok := asked["status"]; ok {
		if !slices.Contains(api.Statuses, text) {
			return Page{}, &Error{api.InvalidRequest, fmt.Sprintf("status %s is not known: must be one of %s", Quote(text), strings.Join(api.Statuses, ", "))}
		}
		page.Status = statusOf(text)
	}
	return page, nil
}

// statusOf is the status of the records that clients are told of as shown.
func statusOf(shown string) Status {
	if shown == api.StatusWaiting {
		return Accepted
	}
	return Status(shown)
}

// cursorForm is the first byte of a cursor, which says how to read the rest.
const cursorForm = "\x01"

// Cursor is where a page begins that follows the upload id. It holds the id and no owner: whose uploads they are is
// never the cursor's to say.
func Cursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorForm + id))
}

// parseCursor reads what Cursor wrote, and nothing else.
func parseCursor(cursor string) (id string, ok bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(cursor)
	id, known := strings.CutPrefix(string(decoded), cursorForm)
	// There are other ways to write the same bytes in base64, such as one with line feeds.
	return id, err == nil && known && api.IsID(id) && cursor == Cursor(id)
}
