package main

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

// fill accepts n uploads of an owner, one a second, and returns their ids, the newest first. Of three, the first is
// accepted, the second ready and the third rejected.
func (w *world) fill(t *testing.T, owner string, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		id := idOf(owner, start.Add(time.Duration(i-n)*time.Second), i, "mp4")
		record := arrived(owner, id)
		switch i % 3 {
		case 0:
			w.accept(t, record)
		case 1:
			w.setVerdict(t, record)
		default:
			record.Reason = upload.SizeMismatch
			w.setVerdict(t, record)
		}
		ids = append(ids, id)
	}
	slices.Reverse(ids)
	return ids
}

// pages follows the cursors of a list to its end and returns the ids of all pages.
func (w *world) pages(t *testing.T, owner string, query map[string]string) (ids []string, pages int) {
	t.Helper()
	for {
		list := see[api.UploadList](t, w.do(t, call{owner: owner, path: "/uploads", query: query}), http.StatusOK)
		ids, pages = append(ids, idsOf(list)...), pages+1
		if list.Cursor == "" {
			return ids, pages
		}
		if pages > 100 {
			t.Fatalf("the list has no end: %v", ids)
		}
		query["cursor"] = list.Cursor
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	checkRefusal(t, "nothing", w.do(t, call{owner: owner, path: "/uploads"}), http.StatusOK, `{"uploads":[]}`+"\n")
	ids := w.fill(t, owner, 60)
	others := w.fill(t, other, 5)

	w.queries.Store(0)
	list := see[api.UploadList](t, w.do(t, call{owner: owner, path: "/uploads"}), http.StatusOK)
	if queries := w.queries.Load(); queries != 1 {
		t.Errorf("a page costs %d queries, want 1", queries)
	}
	if diff := cmp.Diff(idsOf(list), ids[:50]); diff != "" || list.Cursor == "" {
		t.Errorf("first page, cursor %q (-got +want)\n%s", list.Cursor, diff)
	}
	want := w.record(t, owner, ids[0]).View()
	if diff := cmp.Diff(list.Uploads[0], want); diff != "" {
		t.Errorf("upload (-got +want)\n%s", diff)
	}
	for limit, pages := range map[string]int{"7": 9, "1": 61, "100": 1} {
		got, n := w.pages(t, owner, map[string]string{"limit": limit})
		if diff := cmp.Diff(got, ids); diff != "" || n > pages {
			t.Errorf("limit %s: %d pages, want at most %d (-got +want)\n%s", limit, n, pages, diff)
		}
	}
	if got, _ := w.pages(t, other, map[string]string{}); cmp.Diff(got, others) != "" {
		t.Errorf("another's: got %v, want %v", got, others)
	}
	for status, shown := range map[string]int{"waiting": 0, "ready": 1, "rejected": 2} {
		var want []string
		for i, id := range ids {
			if (len(ids)-1-i)%3 == shown {
				want = append(want, id)
			}
		}
		got, _ := w.pages(t, owner, map[string]string{"status": status, "limit": "9"})
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", status, diff)
		}
	}
}

// A context selects its uploads alone, with a status or without, among many others, and never another owner's.
func TestListOfAContext(t *testing.T) {
	w := newWorld(t)
	w.fill(t, owner, 30)
	var want []string
	for i, of := range []string{owner, other, owner} {
		record := arrived(of, idOf(of, start.Add(-time.Hour-time.Duration(i)*time.Minute), i, "mp4"))
		record.Context = "order 7"
		w.setVerdict(t, record)
		if of == owner {
			want = append(want, record.ID)
		}
	}
	for _, query := range []map[string]string{{"context": "order 7"}, {"context": "order 7", "status": "ready"}, {"context": "order 7", "limit": "1"}} {
		got, _ := w.pages(t, owner, query)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%v (-got +want)\n%s", query, diff)
		}
	}
	for _, query := range []map[string]string{{"context": "order"}, {"context": "ORDER 7"}, {"context": "order 7", "status": "rejected"}} {
		if got, _ := w.pages(t, owner, query); len(got) != 0 {
			t.Errorf("%v: got %v, want none", query, got)
		}
	}
	list := see[api.UploadList](t, w.do(t, call{owner: owner, path: "/uploads", query: map[string]string{"context": "order 7"}}), http.StatusOK)
	if list.Uploads[0].Context != "order 7" {
		t.Errorf("got %+v, want its context", list.Uploads[0])
	}
}

func TestListLeavesOutWhatIsDeleted(t *testing.T) {
	w := newWorld(t)
	ids := w.fill(t, owner, 4)
	for _, id := range []string{ids[0], ids[2]} {
		if response := w.do(t, call{owner: owner, method: http.MethodDelete, id: id}); response.StatusCode != http.StatusNoContent {
			t.Fatalf("got %d %s", response.StatusCode, response.Body)
		}
	}
	for _, query := range []map[string]string{{}, {"limit": "1"}} {
		got, _ := w.pages(t, owner, query)
		if diff := cmp.Diff(got, []string{ids[1], ids[3]}); diff != "" {
			t.Errorf("%v (-got +want)\n%s", query, diff)
		}
	}
}

// A cursor of one owner leads another to nothing but the other's own uploads.
func TestCursorStaysWithTheOwner(t *testing.T) {
	w := newWorld(t)
	ids := w.fill(t, owner, 6)
	own := idOf(other, start.Add(-time.Hour), 1, "mp4")
	w.accept(t, arrived(other, own))
	list := see[api.UploadList](t, w.do(t, call{owner: owner, path: "/uploads", query: map[string]string{"limit": "3"}}), http.StatusOK)
	got, _ := w.pages(t, other, map[string]string{"cursor": list.Cursor})
	if diff := cmp.Diff(got, []string{own}); diff != "" {
		t.Errorf("another's cursor (-got +want)\n%s", diff)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for name, cursor := range map[string]string{
		"a byte changed":  "B" + list.Cursor[1:],
		"cut off":         list.Cursor[:len(list.Cursor)-4],
		"longer":          list.Cursor + "AAAA",
		"an id":           ids[0],
		"a key":           encode([]byte("\x01" + keyOf(owner, ids[0]))),
		"an owner":        encode([]byte("\x01" + owner)),
		"an owner and id": encode([]byte("\x01" + owner + ids[0])),
		"the usage item":  encode([]byte("\x01usage")),
		"behind all":      encode([]byte("\x01g")),
		"JSON":            encode([]byte(`{"owner":"` + owner + `"}`)),
	} {
		response := w.do(t, call{owner: other, path: "/uploads", query: map[string]string{"cursor": cursor}})
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(response.Body, `"cursor `) {
			t.Errorf("%s: got %d %s, want 400 that names the cursor", name, response.StatusCode, response.Body)
		}
	}
}

func TestRefusedLists(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, value, message string }{
		{"limit", "0", `limit "0" is not allowed: must be 1 to 100`},
		{"limit", "101", `limit "101" is not allowed: must be 1 to 100`},
		{"limit", "all", `limit "all" is not allowed: must be 1 to 100`},
		{"status", "deleted", `status "deleted" is not known: must be one of waiting, ready, rejected`},
		{"status", "accepted", `status "accepted" is not known: must be one of waiting, ready, rejected`},
		{"cursor", "", `cursor "" is not known: must be the cursor of a page, as it was answered`},
		{"context", strings.Repeat("c", 257), `context "` + strings.Repeat("c", 64) + `"… has 257 bytes: must be 1 to 256 bytes of UTF-8, of printable characters`},
		{"context", "", `context "" is empty: must be 1 to 256 bytes of UTF-8, of printable characters`},
		{"owner", other, `query parameter "owner" is not known: must be one of mail, subject, limit, cursor, status, context`},
	} {
		response := w.do(t, call{owner: owner, path: "/uploads", query: map[string]string{test.name: test.value}})
		checkRefusal(t, test.name+" "+test.value, response, http.StatusBadRequest, failure(test.message, "invalid_request"))
	}
}
