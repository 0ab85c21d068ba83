package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

func TestPatch(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	want := w.record(t, owner, id).View()
	for _, test := range []struct {
		body, ifMatch string
		change        func(*api.Upload)
	}{
		{`{"title":"Été 🏖"}`, "", func(u *api.Upload) { u.Title = "Été 🏖" }},
		{`{"description":"a\n\tb","labels":["x","y"]}`, `"3"`, func(u *api.Upload) { u.Description, u.Labels = "a\n\tb", []string{"x", "y"} }},
		{`{"labels":["y"]}`, "*", func(u *api.Upload) { u.Labels = []string{"y"} }},
		{`{"title":"","description":"","labels":[]}`, `"5"`, func(u *api.Upload) { u.Title, u.Description, u.Labels = "", "", nil }},
		{`{"title":"` + strings.Repeat("🎬", 300) + `"}`, "", func(u *api.Upload) { u.Title = strings.Repeat("🎬", 300) }},
	} {
		test.change(&want)
		want.Version++
		got := see[api.Upload](t, w.do(t, call{owner: owner, method: http.MethodPatch, id: id, body: test.body, ifMatch: test.ifMatch}), http.StatusOK)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.body, diff)
		}
		if diff := cmp.Diff(w.record(t, owner, id).View(), want); diff != "" {
			t.Errorf("%s: record (-got +want)\n%s", test.body, diff)
		}
	}
}

// What is accepted or rejected has a record, and can be patched. A verdict that comes later changes nothing of it.
func TestPatchBeforeTheVerdict(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	record := arrived(owner, id)
	record.Reason = upload.TypeMismatch
	w.accept(t, record)
	patch := call{owner: owner, method: http.MethodPatch, id: id, body: `{"title":"new"}`, ifMatch: `"1"`}
	if got := see[api.Upload](t, w.do(t, patch), http.StatusOK); got.Status != "waiting" || got.Title != "new" || got.Version != 2 {
		t.Errorf("got %+v", got)
	}
	if _, err := w.records.SetVerdict(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	patch.body, patch.ifMatch = `{"labels":["a"]}`, `"3"`
	if got := see[api.Upload](t, w.do(t, patch), http.StatusOK); got.Status != "rejected" || got.Title != "new" || got.Version != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestRefusedPatches(t *testing.T) {
	const (
		titles       = ": must be at most 300 characters of UTF-8 without control characters"
		descriptions = ": must be at most 2000 characters of UTF-8 without control characters except line feeds and tabs"
	)
	w := newWorld(t)
	granted := start.Add(-time.Hour)
	id, young, bytes := idAt(granted, 1, "mp4"), idAt(start, 2, "mp4"), idAt(granted, 3, "mp4")
	w.setVerdict(t, arrived(owner, id))
	w.bucket.put(keyOf(owner, bytes), upload.Version{ID: "v", Size: 7, Modified: start})
	before := w.record(t, owner, id)
	long := strings.Repeat("x", 2000)
	for _, test := range []struct {
		name, id, body, ifMatch string
		status                  int
		message, code           string
	}{
		{"nothing", id, `{}`, "", 400, "the patch is empty: must have title, description or labels", "invalid_request"},
		{"title of 2,000 characters", id, `{"title":"` + long + `"}`, "", 400, `title "` + long[:64] + `"… has 2000 characters` + titles, "invalid_request"},
		{"control character", id, `{"title":"a\u0000"}`, "", 400, `title "a\x00" has a control character` + titles, "invalid_request"},
		{"line feed in a title", id, `{"title":"a\nb"}`, "", 400, `title "a\nb" has a control character` + titles, "invalid_request"},
		{"escape sequence", id, `{"description":"\u001b[2J"}`, "", 400, `description "\x1b[2J" has a control character` + descriptions, "invalid_request"},
		{"long description", id, `{"description":"` + long + `x"}`, "", 400, `description "` + long[:64] + `"… has 2001 characters` + descriptions, "invalid_request"},
		{"label twice", id, `{"labels":["a","a"]}`, "", 400, `labels[1] "a" is given before: must be given once`, "invalid_request"},
		{"label that is a number", id, `{"labels":["a",7]}`, "", 400, "field labels[1] is the number 7: must be a string", "invalid_request"},
		{"unknown field", id, `{"title":"a","status":"ready"}`, "", 400, `field "status" is not known: must be one of title, description, labels`, "invalid_request"},
		{"owner", id, `{"title":"a","owner":"` + other + `"}`, "", 400, `field "owner" is not known: must be one of title, description, labels`, "invalid_request"},
		{"context", id, `{"context":"order 8"}`, "", 400, `field "context" is not known: must be one of title, description, labels`, "invalid_request"},
		{"doubled field", id, `{"title":"a","title":"b"}`, "", 400, "field title is given more than once: must be given once", "invalid_request"},
		{"null", id, `{"title":null}`, "", 400, "the patch is empty: must have title, description or labels", "invalid_request"},
		{"older version", id, `{"title":"a"}`, `"1"`, 412, `If-Match "1" is not the upload's version: must be "2"`, "precondition_failed"},
		{"later version", id, `{"title":"a"}`, `"3"`, 412, `If-Match "3" is not the upload's version: must be "2"`, "precondition_failed"},
		{"no version", id, `{"title":"a"}`, `2`, 400, `If-Match "2" is not a version: must be one version in quotes, such as "3", or *, given once`, "invalid_request"},
		{"young", young, `{"title":"a"}`, "", 409, "the upload is not inspected yet: its version must be 1 or more", "conflict"},
		{"young, any version", young, `{"title":"a"}`, "*", 409, "the upload is not inspected yet: its version must be 1 or more", "conflict"},
		{"young, its version", young, `{"title":"a"}`, `"0"`, 409, "the upload is not inspected yet: its version must be 1 or more", "conflict"},
		{"bytes", bytes, `{"title":"a"}`, "", 409, "the upload is not inspected yet: its version must be 1 or more", "conflict"},
	} {
		response := w.do(t, call{owner: owner, method: http.MethodPatch, id: test.id, body: test.body, ifMatch: test.ifMatch})
		checkRefusal(t, test.name, response, test.status, failure(test.message, test.code))
	}
	if diff := cmp.Diff(w.record(t, owner, id), before); diff != "" {
		t.Errorf("a refused patch changed the record (-got +want)\n%s", diff)
	}
}

// Of patches that want one version, one is made.
func TestPatchesRace(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	responses := make([]events.APIGatewayProxyResponse, 8)
	var clients sync.WaitGroup
	for i := range responses {
		clients.Go(func() {
			responses[i] = w.do(t, call{owner: owner, method: http.MethodPatch, id: id, body: fmt.Sprintf(`{"title":"%d"}`, i), ifMatch: `"2"`})
		})
	}
	clients.Wait()
	won := 0
	for i, response := range responses {
		switch response.StatusCode {
		case http.StatusOK:
			won++
			if got := w.record(t, owner, id); got.Version != 3 || got.Title != fmt.Sprint(i) {
				t.Errorf("client %d won, and the record is %+v", i, got)
			}
		case http.StatusPreconditionFailed:
		default:
			t.Errorf("client %d: got %d %s", i, response.StatusCode, response.Body)
		}
	}
	if won != 1 {
		t.Errorf("%d clients won, want 1", won)
	}
}

// late is a table that a patch finds changed, misses times.
type late struct {
	uploadRecords
	misses int
}

func (l *late) Patch(ctx context.Context, record upload.Record, patch upload.Patch, quota int64) (upload.Record, error) {
	if l.misses > 0 {
		l.misses--
		return upload.Record{}, fmt.Errorf("patching: %w", upload.ErrChanged)
	}
	return l.uploadRecords.Patch(ctx, record, patch, quota)
}

// An inspection that comes between the look at a record and its patch does not make it fail.
func TestPatchMeetsAnInspection(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	patch := call{owner: owner, method: http.MethodPatch, id: id, body: `{"title":"a"}`, ifMatch: `"2"`}
	w.handlers.records = &late{w.records, maxPatches}
	checkRefusal(t, "without end", w.do(t, patch), http.StatusConflict, failure("the upload is being changed by others: try again", "conflict"))
	w.handlers.records = &late{w.records, maxPatches - 1}
	if got := see[api.Upload](t, w.do(t, patch), http.StatusOK); got.Title != "a" || got.Version != 3 {
		t.Errorf("got %+v", got)
	}
}

// Patches that name no version are all made, one after the other, and the usage is that of the last.
func TestPatchesWithoutAVersion(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	const count = 8
	var clients sync.WaitGroup
	for i := range count {
		clients.Go(func() {
			body := `{"title":"` + strings.Repeat("x", 10*i) + `"}`
			if response := w.do(t, call{owner: owner, method: http.MethodPatch, id: id, body: body}); response.StatusCode != http.StatusOK {
				t.Errorf("client %d: got %d %s", i, response.StatusCode, response.Body)
			}
		})
	}
	clients.Wait()
	record := w.record(t, owner, id)
	if used := w.usage(t); used != (upload.Usage{Bytes: record.Size + record.Text(), Files: 1}) || record.Version != 2+count {
		t.Errorf("usage %+v of %+v", used, record)
	}
}

// What people write counts. More than the quota holds is refused, and shortening never is.
func TestPatchOverQuota(t *testing.T) {
	w := newWorld(t)
	id, over := idAt(start.Add(-time.Hour), 1, "mp4"), idAt(start.Add(-time.Hour), 2, "mp4")
	big := arrived(owner, id)
	big.Size = 1 << 20 // the quota
	big.Counted = big.Size + big.Text()
	w.setVerdict(t, big)
	before := w.usage(t)
	patch := call{owner: owner, method: http.MethodPatch, id: id, body: `{"title":"` + strings.Repeat("🎬", 10) + `"}`}
	checkRefusal(t, "longer", w.do(t, patch), http.StatusRequestEntityTooLarge, failure(
		"title, description and labels take 26 bytes more than before: must be at most what is left of the quota of 1048576 bytes", "payload_too_large"))
	if used := w.usage(t); used != before {
		t.Errorf("usage %+v after a refusal, want %+v", used, before)
	}
	patch.body = `{"title":"","description":"x"}`
	see[api.Upload](t, w.do(t, patch), http.StatusOK)
	if used := w.usage(t); used.Bytes != before.Bytes-int64(len(marker))+1 || used.Files != 1 {
		t.Errorf("usage %+v after a shorter title, want less than %+v", used, before)
	}

	// Nothing would count what is written of this.
	refused := arrived(owner, over)
	refused.Reason, refused.Counted, refused.Files, refused.Expires = upload.OverQuota, 0, 0, start.Add(time.Hour)
	w.setVerdict(t, refused)
	patch.id = over
	checkRefusal(t, "over quota", w.do(t, patch), http.StatusConflict, failure("the upload is over quota: it can only be read and deleted", "conflict"))
}
