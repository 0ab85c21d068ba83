package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

// newLink makes a link of an owner, whose id is its own by n.
func newLink(t *testing.T, owner string, n byte) upload.Link {
	t.Helper()
	link := upload.Link{Count: 1, Made: start.UnixMilli()}
	made, _, err := derived(owner).NewLink(owner, link, start.Add(time.Hour), strings.NewReader(strings.Repeat(string([]byte{n}), 64)))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestRevokeLink(t *testing.T) {
	w := newWorld(t)
	link, another := newLink(t, owner, 1), newLink(t, owner, 2)
	noLink := failure("no such link", "not_found")
	for name, id := range map[string]string{
		"another owner's": newLink(t, other, 1).ID, "unknown": strings.Repeat("a", 32), "malformed": "../links", "upper case": strings.ToUpper(link.ID), "short": link.ID[:31],
	} {
		response := w.do(t, call{owner: owner, method: http.MethodDelete, path: "/links/{linkId}", linkID: id})
		checkRefusal(t, name, response, http.StatusNotFound, noLink)
	}
	for range 2 {
		w.revoke(t, call{owner: owner, method: http.MethodDelete, path: "/links/{linkId}", linkID: link.ID})
	}
	w.checkLink(t, link.ID, upload.LinkState{Revoked: true})
	w.checkLink(t, another.ID, upload.LinkState{})
	if log := w.log.String(); !strings.Contains(log, `"msg":"link revoked"`) || !strings.Contains(log, link.ID) {
		t.Errorf("log %s", log)
	}
	w.revoke(t, call{owner: owner, method: http.MethodDelete, path: "/links"})
	w.checkLink(t, another.ID, upload.LinkState{RevokedAt: start.Truncate(time.Millisecond)})
}

func (w *world) revoke(t *testing.T, c call) {
	t.Helper()
	if response := w.do(t, c); response.StatusCode != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", response.StatusCode, response.Body)
	}
}

func (w *world) checkLink(t *testing.T, id string, want upload.LinkState) {
	t.Helper()
	got, err := w.records.LinkState(t.Context(), owner, id)
	if !got.RevokedAt.Equal(want.RevokedAt) {
		t.Errorf("revoked at %s, want %s", got.RevokedAt, want.RevokedAt)
	}
	got.RevokedAt, want.RevokedAt = time.Time{}, time.Time{}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("link %s: %v (-got +want)\n%s", id, err, diff)
	}
}

// A guest sees what it has sent by its link, without what the owner has written, and nothing else of the owner.
func TestGuestsSeeTheirOwn(t *testing.T) {
	w := newWorld(t)
	link, another := newLink(t, owner, 1), newLink(t, owner, 2)
	granted := start.Add(-30 * time.Second)
	ids := map[string]string{"": idAt(granted, 1, "mp4"), link.ID: idAt(granted, 2, "mp4"), another.ID: idAt(granted, 3, "mp4")}
	for of, id := range ids {
		record := arrived(owner, id)
		record.Link = of
		if of != "" {
			record.Guest = "Ann"
		}
		record.Description, record.Labels = "private", []string{"private"}
		record.Counted = record.Size + record.Text()
		w.setVerdict(t, record)
	}
	for of, id := range ids {
		response := w.do(t, call{owner: owner, id: id, link: &link, noMail: true})
		if of != link.ID {
			checkRefusal(t, of, response, http.StatusNotFound, failure("no such upload", "not_found"))
			continue
		}
		want := api.Upload{
			ID: id, Status: "ready", Filename: marker + ".mp4", Type: "video/mp4", Size: 7, CreatedAt: api.Time{Time: granted.Truncate(time.Millisecond)}, Guest: "Ann",
		}
		if diff := cmp.Diff(see[api.Upload](t, response, http.StatusOK), want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
	// Of one that is not inspected, nothing is told but that: its size and its open multipart uploads are the owner's.
	waiting := idAt(start, 4, "mp4")
	w.bucket.open[keyOf(owner, waiting)] = []upload.Multipart{{ID: "secret", Begun: start}}
	want := api.Upload{ID: waiting, Status: "waiting", Type: "video/mp4", CreatedAt: api.Time{Time: start.Truncate(time.Millisecond)}}
	if diff := cmp.Diff(see[api.Upload](t, w.do(t, call{owner: owner, id: waiting, link: &link, noMail: true}), http.StatusOK), want); diff != "" {
		t.Errorf("waiting (-got +want)\n%s", diff)
	}
	checkRefusal(t, "nobody's", w.do(t, call{owner: owner, id: idOf(other, start, 5, "mp4"), link: &link, noMail: true}), http.StatusNotFound, failure("no such upload", "not_found"))
	// The owner sees who has sent it.
	if got := see[api.Upload](t, w.do(t, call{owner: owner, id: ids[link.ID]}), http.StatusOK); got.Guest != "Ann" || got.Link != link.ID || got.Description != "private" {
		t.Errorf("the owner sees %+v", got)
	}
	for _, c := range []call{
		{method: http.MethodDelete, path: "/uploads/{id}", id: ids[link.ID]},
		{method: http.MethodGet, path: "/uploads/{id}/download", id: ids[link.ID]},
		{method: http.MethodGet, path: "/uploads"},
		{method: http.MethodGet, path: "/usage"},
		{method: http.MethodDelete, path: "/links"},
	} {
		c.owner, c.link, c.noMail = owner, &link, true
		checkRefusal(t, c.path, w.do(t, c), http.StatusForbidden, failure("a link for guests does not open this route", "forbidden"))
	}
}

// What a link had no place for cannot be described, as what is over quota cannot.
func TestRefusedUploadsCannotBeDescribed(t *testing.T) {
	w := newWorld(t)
	for n, reason := range []upload.Reason{upload.OverQuota, upload.LinkUsedUp, upload.LinkRevoked} {
		record := arrived(owner, idAt(start, 10+n, "mp4"))
		record.Reason, record.Counted, record.Files = reason, 0, 0
		w.setVerdict(t, record)
		response := w.do(t, call{owner: owner, method: http.MethodPatch, id: record.ID, body: `{"title":"x"}`})
		if response.StatusCode != http.StatusConflict || !strings.Contains(response.Body, refused[reason]) {
			t.Errorf("%s: got %d %s", reason, response.StatusCode, response.Body)
		}
	}
}
