package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/sign"
	"postern/internal/upload"
)

func TestDownload(t *testing.T) {
	w := newWorld(t)
	id, unnamed := idAt(start.Add(-time.Hour), 1, "mp4"), idAt(start.Add(-time.Hour), 2, "mp4")
	record := arrived(owner, id)
	record.Key = "moved/" + owner + "/" + id // by the table of another day
	w.settle(t, record)
	w.bucket.put(record.Key, upload.Version{ID: "v2", Size: 8, Modified: start})
	record = arrived(owner, unnamed)
	record.Filename = ""
	w.settle(t, record)

	got := see[api.Download](t, w.do(t, call{owner: owner, path: "/uploads/{id}/download", id: id}), http.StatusOK)
	if diff := cmp.Diff(got, api.Download{URL: "https://signed.example/", Expires: api.Time{Time: start.Add(5 * time.Minute)}}); diff != "" {
		t.Errorf("download (-got +want)\n%s", diff)
	}
	see[api.Download](t, w.do(t, call{owner: owner, path: "/uploads/{id}/download", id: unnamed}), http.StatusOK)
	want := []sign.Get{
		{Key: "moved/" + owner + "/" + id, VersionID: "v1", ContentDisposition: upload.AttachmentDisposition(marker + ".mp4"), ContentType: "video/mp4", CacheControl: "private, no-store"},
		{Key: keyOf(owner, unnamed), VersionID: "v1", ContentDisposition: "attachment", ContentType: "video/mp4", CacheControl: "private, no-store"},
	}
	if diff := cmp.Diff(w.signed, want); diff != "" {
		t.Errorf("signed (-got +want)\n%s", diff)
	}
}

// What is not ready is not signed.
func TestRefusedDownloads(t *testing.T) {
	w := newWorld(t)
	granted := start.Add(-time.Hour)
	young, bytes, accepted := idAt(start, 1, "mp4"), idAt(granted, 2, "mp4"), idAt(granted, 3, "mp4")
	w.bucket.put(keyOf(owner, bytes), upload.Version{ID: "v", Size: 7, Modified: start})
	w.accept(t, arrived(owner, accepted))
	want := map[string]string{young: "waiting", bytes: "waiting", accepted: "waiting"}
	for i, reason := range api.Reasons {
		id := idAt(granted, 10+i, "mp4")
		record := arrived(owner, id)
		record.Reason = upload.Reason(reason)
		w.settle(t, record)
		want[id] = "rejected"
	}
	for id, status := range want {
		response := w.do(t, call{owner: owner, path: "/uploads/{id}/download", id: id})
		message := fmt.Sprintf("the upload is %s: must be ready", status)
		checkRefusal(t, status, response, http.StatusConflict, failure(message, "conflict"))
	}
	if len(w.signed) != 0 {
		t.Errorf("signed %v, want nothing", w.signed)
	}
}
