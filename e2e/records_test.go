package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/local/clip"
)

// store uploads a file as a program would and returns the grant.
func (c client) store(t *testing.T, filename string, file []byte, more ...any) grant {
	t.Helper()
	body := map[string]any{"filename": filename, "size": len(file)}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	g := c.grant(t, body)
	if err := sender.Send(t.Context(), g.UploadGrant, bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatalf("uploading %s: %v", filename, err)
	}
	return g
}

// show gets an upload's record.
func (c client) show(t *testing.T, id string) record {
	t.Helper()
	a := c.do(t, http.MethodGet, "uploads/"+id)
	if a.status != http.StatusOK {
		t.Fatalf("GET uploads/%s: got %d %s, want 200", id, a.status, a.body)
	}
	return decoded[record](t, a)
}

// patience is how long an inspection may take, with redeliveries.
const patience = 40 * time.Second

// await gets an upload's record until it is no longer waiting. The test fails unless it then has the status.
func (c client) await(t *testing.T, id, status string) record {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		r := c.show(t, id)
		if r.Status != "waiting" || time.Now().After(deadline) {
			if r.Status != status {
				t.Fatalf("upload %s: got %s %s, want %s", id, r.Status, r.Reason, status)
			}
			return r
		}
	}
}

// list gets a page.
func (c client) list(t *testing.T, query string) page {
	t.Helper()
	a := c.do(t, http.MethodGet, "uploads"+query)
	if a.status != http.StatusOK {
		t.Fatalf("GET uploads%s: got %d %s, want 200", query, a.status, a.body)
	}
	return decoded[page](t, a)
}

// patch changes an upload.
func (c client) patch(t *testing.T, id string, body any, edit ...func(*http.Request)) answer {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.do(t, http.MethodPatch, "uploads/"+id, append(edit, header("Content-Type", "application/json"), func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	})...)
}

// download gets an upload's bytes, and the file name that the answer suggests.
func (c client) download(t *testing.T, id string) (file []byte, name string) {
	t.Helper()
	a := c.do(t, http.MethodGet, "uploads/"+id+"/download")
	if a.status != http.StatusOK {
		t.Fatalf("GET uploads/%s/download: got %d %s, want 200", id, a.status, a.body)
	}
	got := fetch(t, decoded[struct{ URL string }](t, a).URL)
	if got.status != http.StatusOK {
		t.Fatalf("downloading %s: got %d %s, want 200", id, got.status, got.body)
	}
	disposition, parameters, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
	if err != nil || disposition != "attachment" {
		t.Errorf("Content-Disposition: got %q, want an attachment", got.header.Get("Content-Disposition"))
	}
	return got.body, parameters["filename"]
}

func fetch(t *testing.T, address string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

func decoded[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// TestLifeOfAnUpload does everything that a person does with an upload. A second user must see nothing of it.
func TestLifeOfAnUpload(t *testing.T) {
	requireLocal(t)
	video := clip.MP4()
	sum := sha256.Sum256(video)
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	owner, other := addUser(t, "owner@example.com"), addUser(t, "other@example.com")

	g := owner.grant(t, map[string]any{"filename": "Ferien „Süd“.mp4", "size": len(video), "title": "Ferien", "checksum": checksum})
	if got := owner.show(t, g.ID); got.Status != "waiting" || got.Version != 0 {
		t.Errorf("before the bytes: got %+v, want waiting, version 0", got)
	}
	if status, code := g.put(t, video); status != http.StatusOK {
		t.Fatalf("uploading: got %d %s, want 200", status, code)
	}
	got := owner.await(t, g.ID, "ready")
	want := record{
		ID: g.ID, Status: "ready", Filename: "Ferien „Süd“.mp4", Title: "Ferien", Type: "video/mp4", Detected: "video/mp4", Size: int64(len(video)),
		Checksum: checksum, ChecksumAlgorithm: "SHA256", CreatedAt: got.CreatedAt, Version: 2,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("record (-got +want):\n%s", diff)
	}
	if age := time.Since(got.CreatedAt.Time); age < 0 || age > time.Minute {
		t.Errorf("createdAt is %s ago", age)
	}
	if used := server.operator(t).usage(t, g.owner()); used != int64(len(video)+len("Ferien „Süd“.mp4")+len("Ferien")) {
		t.Errorf("usage: got %d, want %d and the texts", used, len(video))
	}

	second := owner.store(t, "second.mp4", video)
	owner.await(t, second.ID, "ready")
	if ids := idsOf(owner.list(t, "")); !slices.Equal(ids, []string{second.ID, g.ID}) {
		t.Errorf("list: got %q, want the second, then the first", ids)
	}

	a := owner.patch(t, g.ID, map[string]any{"title": "Intro", "description": "two\nlines", "labels": []string{"sea", "sun"}}, header("If-Match", `"2"`))
	want.Title, want.Description, want.Labels, want.Version = "Intro", "two\nlines", []string{"sea", "sun"}, 3
	if diff := cmp.Diff(decoded[record](t, a), want); a.status != http.StatusOK || diff != "" {
		t.Errorf("PATCH: got %d (-got +want):\n%s", a.status, diff)
	}
	if a := owner.patch(t, g.ID, map[string]any{"title": "late"}, header("If-Match", `"2"`)); a.status != http.StatusPreconditionFailed {
		t.Errorf("PATCH of an old version: got %d %s, want 412", a.status, a.body)
	}
	if diff := cmp.Diff(owner.show(t, g.ID), want); diff != "" {
		t.Errorf("record after it (-got +want):\n%s", diff)
	}

	file, name := owner.download(t, g.ID)
	if !bytes.Equal(file, video) || name != "Ferien „Süd“.mp4" {
		t.Errorf("download: got %d bytes called %q, want the %d sent", len(file), name, len(video))
	}

	seesNothing(t, other, g.ID, owner.list(t, "?limit=1").Cursor)
	if diff := cmp.Diff(owner.show(t, g.ID), want); diff != "" {
		t.Errorf("record after another owner's attempts (-got +want):\n%s", diff)
	}
	if file, _ := owner.download(t, g.ID); !bytes.Equal(file, video) {
		t.Errorf("after another owner's attempts: downloaded %d bytes", len(file))
	}
	deletes(t, owner, g)
	if used := server.operator(t).usage(t, g.owner()); used != int64(len(video)+len("second.mp4")) {
		t.Errorf("usage after the deletion: got %d, want the second's %d and its name", used, len(video))
	}
	deletes(t, owner, second)
	if used := server.operator(t).usage(t, g.owner()); used != 0 {
		t.Errorf("usage after both deletions: got %d, want 0", used)
	}
}

// seesNothing tries every route of an upload as another user, and a page of the owner's list by its cursor.
func seesNothing(t *testing.T, other client, id, cursor string) {
	t.Helper()
	checkUnknown(t, other, id)
	if ids := idsOf(other.list(t, "")); len(ids) != 0 {
		t.Errorf("another owner lists %q", ids)
	}
	if ids := idsOf(other.list(t, "?cursor="+url.QueryEscape(cursor))); cursor == "" || len(ids) != 0 {
		t.Errorf("another owner lists %q with the owner's cursor %q", ids, cursor)
	}
}

// checkUnknown calls every route of an upload with an id, and wants the answer to an id that nobody granted.
func checkUnknown(t *testing.T, c client, id string) {
	t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete, "download"} {
		var a answer
		switch method {
		case http.MethodPatch:
			a = c.patch(t, id, map[string]any{"title": "x"})
		case "download":
			a = c.do(t, http.MethodGet, "uploads/"+id+"/download")
		default:
			a = c.do(t, method, "uploads/"+id)
		}
		if a.status != http.StatusNotFound {
			t.Errorf("%s %s: got %d %s, want 404", method, id, a.status, a.body)
			continue
		}
		checkError(t, a, "not_found", nil)
		if got := decoded[errorBody](t, a).Message; got != "no such upload" {
			t.Errorf("%s %s: got %q, want the same words for all", method, id, got)
		}
	}
}

// deletes deletes an upload and checks that it is gone: its record, every version of its bytes, and its place in the list.
func deletes(t *testing.T, c client, g grant) {
	t.Helper()
	if a := c.do(t, http.MethodDelete, "uploads/"+g.ID); a.status != http.StatusNoContent || len(a.body) != 0 {
		t.Fatalf("DELETE: got %d %s, want 204", a.status, a.body)
	}
	if keys := server.operator(t).keys(t); slices.Contains(keys, g.Key) {
		t.Errorf("%s has versions after its deletion", g.Key)
	}
	for _, path := range []string{"uploads/" + g.ID, "uploads/" + g.ID + "/download"} {
		if a := c.do(t, http.MethodGet, path); a.status != http.StatusNotFound {
			t.Errorf("GET %s after the deletion: got %d %s, want 404", path, a.status, a.body)
		}
	}
	if ids := idsOf(c.list(t, "")); slices.Contains(ids, g.ID) {
		t.Errorf("the list has it after its deletion: %q", ids)
	}
}

func idsOf(p page) []string {
	ids := []string{}
	for _, r := range p.Uploads {
		ids = append(ids, r.ID)
	}
	return ids
}

// owner returns the owner in a grant's key.
func (g grant) owner() string { return strings.Split(g.Key, "/")[1] }

func TestListPages(t *testing.T) {
	requireOperator(t)
	c := addUser(t, "lists@example.com")
	var want []string
	for i := range 7 {
		filename, file := "a.txt", []byte("text")
		if i == 3 {
			filename = "a.mp4" // which text is not
		}
		want = append(want, c.store(t, filename, file).ID)
		time.Sleep(2 * time.Millisecond) // ids sort by their millisecond
	}
	for i, id := range want {
		c.await(t, id, map[bool]string{false: "ready", true: "rejected"}[i == 3])
	}
	slices.Reverse(want)
	var got []string
	query := "?limit=3"
	for pages := 1; ; pages++ {
		p := c.list(t, query)
		got = append(got, idsOf(p)...)
		if len(p.Uploads) > 3 || pages > 5 {
			t.Fatalf("page %d has %d uploads", pages, len(p.Uploads))
		}
		if p.Cursor == "" {
			break
		}
		query = "?limit=3&cursor=" + url.QueryEscape(p.Cursor)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("all pages (-got +want):\n%s", diff)
	}
	if ids := idsOf(c.list(t, "?status=rejected&limit=100")); !slices.Equal(ids, []string{want[3]}) {
		t.Errorf("rejected: got %q, want %q", ids, want[3])
	}
	for _, test := range []struct{ query, says string }{
		{"?limit=0", "limit"},
		{"?limit=101", "limit"},
		{"?limit=x", "limit"},
		{"?limit=1&limit=1", "limit"},
		{"?status=deleted", "status"},
		{"?status=", "status"},
		{"?cursor=", "cursor"},
		{"?cursor=%00", "cursor"},
		{"?cursor=" + base64.RawURLEncoding.EncodeToString([]byte("\x01usage")), "cursor"},
		{"?owner=x", "owner"},
	} {
		a := c.do(t, http.MethodGet, "uploads"+test.query)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s, want 400", test.query, a.status, a.body)
			continue
		}
		checkError(t, a, "invalid_request", []string{test.says})
	}
}

func TestPatchRefuses(t *testing.T) {
	g := demo.store(t, "patch.txt", []byte("text"))
	before := demo.await(t, g.ID, "ready")
	for _, test := range []struct {
		name, body, match string
		status            int
		says              string
	}{
		{name: "nothing", body: `{}`, status: 400, says: "title"},
		{name: "unknown field", body: `{"status":"ready"}`, status: 400, says: "status"},
		{name: "owner", body: `{"title":"x","owner":"00000000000000000000"}`, status: 400, says: "owner"},
		{name: "title of 2,000 characters", body: `{"title":"` + strings.Repeat("x", 2000) + `"}`, status: 400, says: "title"},
		{name: "title with a control character", body: `{"title":"a\u0007b"}`, status: 400, says: "title"},
		{name: "null", body: `{"title":null}`, status: 400, says: "title"},
		{name: "description of 2,001 characters", body: `{"description":"` + strings.Repeat("x", 2001) + `"}`, status: 400, says: "description"},
		{name: "labels that are a string", body: `{"labels":"x"}`, status: 400, says: "labels"},
		{name: "label that is a number", body: `{"labels":["x",1]}`, status: 400, says: "labels"},
		{name: "label twice", body: `{"labels":["x","x"]}`, status: 400, says: "labels"},
		{name: "empty label", body: `{"labels":[""]}`, status: 400, says: "labels"},
		{name: "21 labels", body: `{"labels":["` + strings.Join(strings.Split("abcdefghijklmnopqrstu", ""), `","`) + `"]}`, status: 400, says: "labels"},
		{name: "If-Match of another version", body: `{"title":"x"}`, match: `"99"`, status: 412, says: "2"},
		{name: "If-Match that is weak", body: `{"title":"x"}`, match: `W/"2"`, status: 400, says: "If-Match"},
		{name: "If-Match without quotes", body: `{"title":"x"}`, match: `2`, status: 400, says: "If-Match"},
		{name: "If-Match list", body: `{"title":"x"}`, match: `"2", "3"`, status: 400, says: "If-Match"},
		{name: "If-Match injection", body: `{"title":"x"}`, match: `"2" OR attribute_exists(id)`, status: 400, says: "If-Match"},
	} {
		t.Run(test.name, func(t *testing.T) {
			edit := []func(*http.Request){}
			if test.match != "" {
				edit = append(edit, header("If-Match", test.match))
			}
			a := demo.patch(t, g.ID, json.RawMessage(test.body), edit...)
			if a.status != test.status || !strings.Contains(string(a.body), test.says) {
				t.Errorf("got %d %s, want %d naming %s", a.status, a.body, test.status, test.says)
			}
		})
	}
	if diff := cmp.Diff(demo.show(t, g.ID), before); diff != "" {
		t.Errorf("record after all refusals (-got +want):\n%s", diff)
	}
}

// TestInvalidIDs calls every route of an upload with ids of no upload, and wants the same answer to all.
func TestInvalidIDs(t *testing.T) {
	requireLocal(t)
	g := demo.store(t, "ids.txt", []byte("text"))
	demo.await(t, g.ID, "ready")
	deletes(t, demo, g)
	eventually(t, func() bool { return server.operator(t).published(t, g) }, func() string { return "the event of the deletion is not published" })
	ids := []string{
		g.ID,                                   // deleted
		"00000000000070008000000000000000.mp4", // long ago
		strings.ToUpper(g.ID), g.ID + "0", "x", "usage", "%75sage", g.ID[:32], g.ID[:32] + ".exe",
		"%2e%2e%2f" + g.ID, g.ID + "%00", g.ID + "%2f", "%2a", g.ID + "%3fx", url.PathEscape("é"), "%ff",
	}
	for _, id := range ids {
		t.Run(id, func(t *testing.T) { checkUnknown(t, demo, id) })
	}
	// No policy of the authorizer's may name this one.
	if a := demo.do(t, http.MethodDelete, "uploads/*"); a.status != http.StatusForbidden {
		t.Errorf("*: got %d %s, want 403", a.status, a.body)
	}
}
