package upload_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

const id = "0190f3b2c4d57e8f90a1b2c3d4e5f607.mp4"

func TestParsePage(t *testing.T) {
	for _, test := range []struct {
		asked map[string]string
		want  upload.Page
	}{
		{nil, upload.Page{Limit: 50}},
		{map[string]string{"mail": "x"}, upload.Page{Limit: 50}},
		{map[string]string{"limit": "1"}, upload.Page{Limit: 1}},
		{map[string]string{"limit": "100"}, upload.Page{Limit: 100}},
		{map[string]string{"status": "waiting"}, upload.Page{Limit: 50, Status: upload.Accepted}},
		{map[string]string{"status": "ready"}, upload.Page{Limit: 50, Status: upload.Ready}},
		{map[string]string{"status": "rejected"}, upload.Page{Limit: 50, Status: upload.Rejected}},
		{map[string]string{"context": "order 7 é"}, upload.Page{Limit: 50, Context: "order 7 é"}},
		{
			map[string]string{"limit": "7", "status": "ready", "cursor": upload.Cursor(id)},
			upload.Page{Limit: 7, Status: upload.Ready, Before: id},
		},
	} {
		got, err := upload.ParsePage(test.asked)
		if diff := cmp.Diff(got, test.want); err != nil || diff != "" {
			t.Errorf("%v: %v\n(-got +want)\n%s", test.asked, err, diff)
		}
	}
}

func TestParsePageRefuses(t *testing.T) {
	const (
		limits   = " is not allowed: must be 1 to 100"
		contexts = ": must be 1 to 256 bytes of UTF-8, of printable characters"
		statuses = " is not known: must be one of waiting, ready, rejected"
		cursors  = " is not known: must be the cursor of a page, as it was answered"
	)
	encode := base64.RawURLEncoding.EncodeToString
	cursor, long := upload.Cursor(id), strings.Repeat("A", 9000)
	for _, test := range []struct{ name, value, want string }{
		{"limit", "", `limit ""` + limits},
		{"context", "", `context "" is empty` + contexts},
		{"context", strings.Repeat("c", 257), `context "` + strings.Repeat("c", 64) + `"… has 257 bytes` + contexts},
		{"context", "a\nb", `context "a\nb" has a character that is not printable` + contexts},
		{"limit", "0", `limit "0"` + limits},
		{"limit", "101", `limit "101"` + limits},
		{"limit", "-1", `limit "-1"` + limits},
		{"limit", "+1", `limit "+1"` + limits},
		{"limit", "01", `limit "01"` + limits},
		{"limit", "1.0", `limit "1.0"` + limits},
		{"limit", "1e1", `limit "1e1"` + limits},
		{"limit", " 1", `limit " 1"` + limits},
		{"limit", "4294967297", `limit "4294967297"` + limits},
		{"limit", long, `limit "` + long[:64] + `"…` + limits},
		{"status", "", `status ""` + statuses},
		{"status", "Ready", `status "Ready"` + statuses},
		{"status", "accepted", `status "accepted"` + statuses},
		{"status", "deleted", `status "deleted"` + statuses},
		{"status", "ready,waiting", `status "ready,waiting"` + statuses},
		{"cursor", "", `cursor ""` + cursors},
		{"cursor", id, `cursor "` + id + `"` + cursors},
		{"cursor", cursor + "=", `cursor "` + cursor + `="` + cursors},
		{"cursor", cursor + "\n", `cursor "` + cursor + `\n"` + cursors},
		{"cursor", cursor[:len(cursor)-1], `cursor "` + cursor[:len(cursor)-1] + `"` + cursors},
		{"cursor", encode([]byte(id)), `cursor "` + encode([]byte(id)) + `"` + cursors},
		{"cursor", encode([]byte("\x02" + id)), `cursor "` + encode([]byte("\x02"+id)) + `"` + cursors},
		{"cursor", encode([]byte("\x01usage")), `cursor "` + encode([]byte("\x01usage")) + `"` + cursors},
		{"cursor", encode([]byte("\x01")), `cursor "` + encode([]byte("\x01")) + `"` + cursors},
		{"cursor", encode([]byte("\x01" + strings.ToUpper(id))), `cursor "` + encode([]byte("\x01" + strings.ToUpper(id)))[:50] + `"` + cursors},
		{"cursor", encode([]byte("\x01ffffffffffffffffffff/" + id)), `cursor "` + encode([]byte("\x01ffffffffffffffffffff/" + id))[:64] + `"…` + cursors},
		{"cursor", long, `cursor "` + long[:64] + `"…` + cursors},
	} {
		page, err := upload.ParsePage(map[string]string{test.name: test.value})
		var got *upload.Error
		if !errors.As(err, &got) || got.Code != api.InvalidRequest || got.Message != test.want || page != (upload.Page{}) {
			t.Errorf("%s %q: got %+v, %v\nwant %s", test.name, test.value, page, err, test.want)
		}
	}
}

// FuzzCursor: what is read as a cursor is the one cursor of an upload id.
func FuzzCursor(f *testing.F) {
	f.Add(upload.Cursor(id))
	f.Add(upload.Cursor("usage"))
	f.Add(upload.Cursor(id) + "\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		page, err := upload.ParsePage(map[string]string{"cursor": cursor})
		if err == nil && (!api.IsID(page.Before) || upload.Cursor(page.Before) != cursor) {
			t.Errorf("%q is read as %q", cursor, page.Before)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "cursor ") {
			t.Errorf("%q: %v does not name the cursor", cursor, err)
		}
	})
}
