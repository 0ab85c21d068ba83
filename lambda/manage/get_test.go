package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

func TestGet(t *testing.T) {
	w := newWorld(t)
	granted := start.Add(-30 * time.Second) // not overdue yet
	judged, accepted, rejected := idAt(granted, 1, "mp4"), idAt(granted, 2, "mp4"), idAt(granted, 3, "mp4")
	w.setVerdict(t, arrived(owner, judged))
	w.accept(t, arrived(owner, accepted))
	bad := arrived(owner, rejected)
	bad.Reason = upload.TypeMismatch
	w.setVerdict(t, bad)
	want := api.Upload{
		Filename: marker + ".mp4", Title: marker, Type: "video/mp4", Size: 7, CreatedAt: api.Time{Time: granted.Truncate(time.Millisecond)},
	}
	for _, test := range []struct {
		id, status, reason string
		version            int64
	}{
		{judged, "ready", "", 2},
		{accepted, "waiting", "", 1},
		{rejected, "rejected", "type_mismatch", 2},
	} {
		want.ID, want.Status, want.Reason, want.Version = test.id, test.status, test.reason, test.version
		got := see[api.Upload](t, w.do(t, call{owner: owner, id: test.id}), http.StatusOK)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.status, diff)
		}
	}
	escaped := strings.ReplaceAll(judged, ".", "%2e")
	if got := see[api.Upload](t, w.do(t, call{owner: owner, id: escaped}), http.StatusOK); got.ID != judged {
		t.Errorf("%s: got %s, want %s", escaped, got.ID, judged)
	}
	if queued := w.queue.taken(); queued != nil {
		t.Errorf("queued %v, want nothing", queued)
	}
}

// A record that no event has told of within a minute is queued, whatever step its inspection ended with.
func TestOverdueRecords(t *testing.T) {
	w := newWorld(t)
	granted := start.Add(-61 * time.Second)
	accepted, judged, published := idAt(granted, 1, "mp4"), idAt(granted, 2, "mp4"), idAt(granted, 3, "mp4")
	w.accept(t, arrived(owner, accepted))
	w.setVerdict(t, arrived(owner, judged))
	w.setVerdict(t, arrived(owner, published))
	w.publish(t, published)
	for range 2 { // once a minute is enough
		for _, id := range []string{accepted, judged, published} {
			see[api.Upload](t, w.do(t, call{owner: owner, id: id}), http.StatusOK)
		}
	}
	if diff := cmp.Diff(w.queue.taken(), []string{keyOf(owner, accepted), keyOf(owner, judged)}); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
}

func TestWaiting(t *testing.T) {
	const young, old = -15 * time.Minute, -17 * time.Minute
	open := []upload.Multipart{{ID: "b", Begun: start.Add(-time.Minute)}, {ID: "a", Begun: start.Add(-time.Hour), PartSize: 5 << 20}}
	for _, test := range []struct {
		name    string
		granted time.Duration // from now
		put     []upload.Version
		open    []upload.Multipart
		size    int64 // -1: not found
		queued  bool
	}{
		{"young", young, nil, nil, 0, false},
		{"by a clock behind", young - 30*time.Second, nil, nil, 0, false},
		{"by a clock ahead", 30 * time.Second, nil, nil, 0, false},
		{"by a clock far ahead", 2 * time.Minute, nil, nil, -1, false},
		{"old", old, nil, nil, -1, false},
		{"old, being uploaded", old, nil, open, 0, false},
		{"being uploaded", young, nil, open, 0, false},
		{"bytes", young, []upload.Version{{ID: "v", Size: 7, Modified: start}}, nil, 7, false},
		{"bytes of an old one", old, []upload.Version{{ID: "v", Size: 7, Modified: start}}, nil, 7, false},
		{"bytes for a minute", young, []upload.Version{{ID: "v", Size: 7, Modified: start.Add(-time.Minute)}}, nil, 7, false},
		{"bytes for longer", young, []upload.Version{{ID: "v", Size: 7, Modified: start.Add(-61 * time.Second)}}, nil, 7, true},
		{
			"the oldest counts", old,
			[]upload.Version{{ID: "m", Marker: true}, {ID: "v", Size: 7, Modified: start.Add(-time.Hour)}, {ID: "w", Size: 8, Modified: start}},
			nil, 7, true,
		},
		{"only a delete marker", old, []upload.Version{{ID: "m", Marker: true, Modified: start.Add(-time.Hour)}}, nil, -1, false},
	} {
		w := newWorld(t)
		id := idAt(start.Add(test.granted), 1, "mp4")
		key := keyOf(owner, id)
		w.bucket.put(key, test.put...)
		w.bucket.open[key] = test.open
		response := w.do(t, call{owner: owner, id: id})
		if test.size < 0 {
			checkRefusal(t, test.name, response, http.StatusNotFound, noUpload)
		} else {
			want := api.Upload{ID: id, Status: "waiting", Type: "video/mp4", Size: test.size, CreatedAt: api.Time{Time: upload.GrantedAt(id)}}
			for _, open := range test.open {
				want.Multiparts = append(want.Multiparts, api.OpenMultipart{UploadID: open.ID, CreatedAt: api.Time{Time: open.Begun}, PartSize: open.PartSize})
			}
			if diff := cmp.Diff(see[api.Upload](t, response, http.StatusOK), want); diff != "" {
				t.Errorf("%s (-got +want)\n%s", test.name, diff)
			}
		}
		if queued := w.queue.taken(); (queued != nil) != test.queued || queued != nil && queued[0] != key {
			t.Errorf("%s: queued %v, want %t", test.name, queued, test.queued)
		}
		if w.log.Len() != 0 {
			t.Errorf("%s: log %s", test.name, &w.log)
		}
	}
}

// What names nothing is answered by one and the same 404, on every route of one upload.
func TestNoSuchUpload(t *testing.T) {
	w := newWorld(t)
	granted := start.Add(-time.Hour)
	anothers, gone, never := idOf(other, granted, 1, "mp4"), idAt(granted, 2, "mp4"), idAt(granted, 3, "mp4")
	w.setVerdict(t, arrived(other, anothers))
	w.setVerdict(t, arrived(owner, gone))
	if response := w.do(t, call{owner: owner, method: http.MethodDelete, id: gone}); response.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d %s", response.StatusCode, response.Body)
	}
	w.publish(t, gone)
	anothersBytes := idOf(other, granted, 4, "mp4") // without a record
	w.bucket.put(keyOf(other, anothersBytes), upload.Version{ID: "v", Size: 7, Modified: granted})
	w.queue.taken()
	w.log.Reset() // of the deletion
	for _, route := range []call{
		{},
		{method: http.MethodPatch, body: `{"title":"a"}`},
		{method: http.MethodPatch, body: `{"title":"a"}`, ifMatch: `"1"`},
		{method: http.MethodPatch, body: `{"title":"a"}`, ifMatch: "*"},
		{method: http.MethodDelete},
		{path: "/uploads/{id}/download"},
	} {
		for name, id := range map[string]string{
			"never used":            never,
			"young, of another":     idOf(other, start, 5, "mp4"),
			"young, of nobody":      made(start),
			"another's":             anothers,
			"another's bytes":       anothersBytes,
			"deleted":               gone,
			"missing":               "",
			"malformed":             "x",
			"upper case":            strings.ToUpper(anothers),
			"no extension":          anothers[:32],
			"unknown extension":     idAt(start, 1, "exe"),
			"usage item":            "usage",
			"path":                  "..%2F" + other + "%2F" + anothers,
			"another's key":         "videos%2F" + other + "%2F" + anothers,
			"malformed escape":      anothers + "%zz",
			"escaped twice":         strings.ReplaceAll(never, ".", "%252e"),
			"NUL":                   never + "%00",
			"CR LF":                 never + "%0D%0A",
			"not UTF-8":             "%ff%fe",
			"long":                  strings.Repeat("a", 9000),
			"far in the future":     "f" + never[1:],
			"other digits for zero": strings.ReplaceAll(never, "0", "%D9%A0"),
		} {
			route.owner, route.id = owner, id
			checkRefusal(t, route.method+" "+route.path+" "+name, w.do(t, route), http.StatusNotFound, noUpload)
		}
	}
	if queued := w.queue.taken(); queued != nil {
		t.Errorf("queued %v, want nothing", queued)
	}
	if got := w.record(t, other, anothers); got.Version != 2 || w.bucket.isEmpty(got.Key) || w.bucket.isEmpty(keyOf(other, anothersBytes)) {
		t.Errorf("another's upload was touched: %+v", got)
	}
	if w.log.Len() != 0 {
		t.Errorf("log %s, want nothing", &w.log)
	}
}

// made is an id of a time that nobody was granted.
func made(granted time.Time) string {
	return fmt.Sprintf("%012x7abc8123456789abcdef.mp4", granted.UnixMilli())
}

// An id that nobody granted costs nothing: no read, no write, no message, whatever there is under it.
func TestIDsNobodyGrantedCostNothing(t *testing.T) {
	w := newWorld(t)
	young, old := idAt(start, 1, "mp4"), idAt(start.Add(-time.Hour), 2, "mp4")
	ids := []string{made(start), made(start.Add(-time.Hour)), idOf(other, start, 1, "mp4"), young[:33] + "mov", old[:33] + "mov"}
	for bit := range 4 * 32 {
		digit := young[bit/4]
		flipped := strings.IndexByte("0123456789abcdef", digit) ^ 1<<(bit%4)
		ids = append(ids, young[:bit/4]+"0123456789abcdef"[flipped:flipped+1]+young[bit/4+1:])
	}
	for _, id := range ids {
		w.setVerdict(t, arrived(owner, id)) // made past the API
	}
	w.handlers.records, w.handlers.objects, w.handlers.deletion = failing{}, failing{}, nil
	for _, route := range []call{
		{}, {method: http.MethodPatch, body: `{"title":"a"}`}, {method: http.MethodDelete}, {path: "/uploads/{id}/download"},
	} {
		for _, id := range ids {
			route.owner, route.id = owner, id
			checkRefusal(t, route.method+" "+id, w.do(t, route), http.StatusNotFound, noUpload)
		}
	}
	if queued := w.queue.taken(); queued != nil || w.log.Len() > 0 {
		t.Errorf("queued %v, log %s, want nothing", queued, &w.log)
	}
	w.handlers.records = w.records
	list := see[api.UploadList](t, w.do(t, call{owner: owner, path: "/uploads"}), http.StatusOK)
	if len(list.Uploads) > 0 {
		t.Errorf("listed: %v, want nothing that no route would answer about", idsOf(list))
	}
}

func TestRepairsAreBounded(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	key := keyOf(owner, id)
	w.bucket.put(key, upload.Version{ID: "v", Size: 7, Modified: start.Add(-time.Hour)})
	for _, test := range []struct {
		after time.Duration
		want  []string
	}{{0, []string{key}}, {0, nil}, {59 * time.Second, nil}, {time.Second, []string{key}}, {30 * time.Second, nil}} {
		w.now = w.now.Add(test.after)
		see[api.Upload](t, w.do(t, call{owner: owner, id: id}), http.StatusOK)
		if diff := cmp.Diff(w.queue.taken(), test.want); diff != "" {
			t.Errorf("at %v (-got +want)\n%s", w.now.Sub(start), diff)
		}
	}
	for i := range 3 * maxRepairs {
		w.handlers.repairs.inspect(t.Context(), keyOf(owner, idAt(start, i, "mp4")))
	}
	if n := len(w.handlers.repairs.queued); n > maxRepairs {
		t.Errorf("%d keys are remembered, want at most %d", n, maxRepairs)
	}
}

// A read is answered also when what it finds cannot be repaired.
func TestRepairFails(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.bucket.put(keyOf(owner, id), upload.Version{ID: "v", Size: 7, Modified: start.Add(-time.Hour)})
	w.queue.broken = true
	see[api.Upload](t, w.do(t, call{owner: owner, id: id}), http.StatusOK)
	if log := w.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "the queue is broken") {
		t.Errorf("log %q, want one line", log)
	}
}

// A deletion that nobody has heard of is completed by the next read.
func TestTombstoneIsRepaired(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	w.queue.broken = true
	if response := w.do(t, call{owner: owner, method: http.MethodDelete, id: id}); response.StatusCode != http.StatusInternalServerError {
		t.Fatalf("got %d %s, want 500", response.StatusCode, response.Body)
	}
	w.queue.broken = false
	checkRefusal(t, "get", w.do(t, call{owner: owner, id: id}), http.StatusNotFound, noUpload)
	if diff := cmp.Diff(w.queue.taken(), []string{keyOf(owner, id)}); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
	w.publish(t, id)
	w.now = w.now.Add(time.Hour)
	checkRefusal(t, "get", w.do(t, call{owner: owner, id: id}), http.StatusNotFound, noUpload)
	if queued := w.queue.taken(); queued != nil {
		t.Errorf("queued %v, want nothing", queued)
	}
}

// A failing store is a fault, and no upload is said to be there or not.
func TestFaults(t *testing.T) {
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	for name, breakIt := range map[string]func(*world){
		"records":      func(w *world) { w.handlers.records = failing{} },
		"versions":     func(w *world) { w.handlers.objects = failing{} },
		"open uploads": func(w *world) { w.handlers.objects = failing{lists: true} },
	} {
		for _, route := range []call{
			{}, {method: http.MethodPatch, body: `{"title":"` + marker + `"}`}, {method: http.MethodDelete}, {path: "/uploads/{id}/download"}, {path: "/uploads"}, {path: "/usage"},
		} {
			if (route.path == "/uploads" || route.path == "/usage") && name != "records" {
				continue
			}
			w := newWorld(t)
			breakIt(w)
			route.owner, route.id = owner, id
			checkRefusal(t, name, w.do(t, route), http.StatusInternalServerError, failure("internal error", "internal_error"))
			if log := w.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, errBroken.Error()) {
				t.Errorf("%s: log %q, want one line", name, log)
			}
		}
	}
}

var errBroken = errors.New("the store is broken")

// failing is a table and a bucket that fail, but for lists of versions if it lists.
type failing struct{ lists bool }

func (failing) Record(context.Context, string, string) (upload.Record, bool, error) {
	return upload.Record{}, false, errBroken
}

func (failing) Page(context.Context, string, upload.Page) ([]upload.Record, string, error) {
	return nil, "", errBroken
}

func (failing) Patch(context.Context, upload.Record, upload.Patch, int64) (upload.Record, error) {
	return upload.Record{}, errBroken
}

func (failing) Usage(context.Context, string) (upload.Usage, error) {
	return upload.Usage{}, errBroken
}

func (f failing) Versions(context.Context, string) ([]upload.Version, error) {
	if f.lists {
		return nil, nil
	}
	return nil, errBroken
}

func (failing) OpenUploads(context.Context, string) ([]upload.Multipart, error) {
	return nil, errBroken
}
