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
	w.setVerdict(t, record)
	w.bucket.put(record.Key, upload.Version{ID: "v2", Size: 8, Modified: start})
	record = arrived(owner, unnamed)
	record.Filename = ""
	w.setVerdict(t, record)

	got := see[api.Download](t, w.do(t, call{owner: owner, path: "/uploads/{id}/download", id: id}), http.StatusOK)
	if diff := cmp.Diff(got, api.Download{URL: "https://signed.example/", Expires: api.Time{Time: start.Add(5 * time.Minute)}}); diff != "" {
		t.Errorf("download (-got +want)\n%s", diff)
	}
	see[api.Download](t, w.do(t, call{owner: owner, path: "/uploads/{id}/download", id: unnamed}), http.StatusOK)
	signed := func(key, disposition string) sign.Get {
		return sign.Get{
			Key: key, VersionID: "v1", ContentDisposition: disposition, ContentType: "video/mp4", ContentLanguage: "und",
			CacheControl: "private, no-store", Expires: "Thu, 01 Jan 1970 00:00:00 GMT",
		}
	}
	want := []sign.Get{
		signed("moved/"+owner+"/"+id, upload.Disposition(api.Attachment, marker+".mp4")),
		signed(keyOf(owner, unnamed), "attachment"),
	}
	if diff := cmp.Diff(w.signed, want); diff != "" {
		t.Errorf("signed (-got +want)\n%s", diff)
	}
}

// The query says how the file is shown, and for how long.
func TestDownloadQuery(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	inline := call{owner: owner, path: "/uploads/{id}/download", id: id, query: map[string]string{"disposition": "inline", "expires": "900"}}
	got := see[api.Download](t, w.do(t, inline), http.StatusOK)
	if want := start.Add(15 * time.Minute); !got.Expires.Equal(want) {
		t.Errorf("expires %v, want %v", got.Expires, want)
	}
	if len(w.signed) != 1 || w.signed[0].ContentDisposition != upload.Disposition(api.Inline, marker+".mp4") {
		t.Errorf("signed %+v, want one that is shown", w.signed)
	}
	inline.query["expires"] = "901"
	checkRefusal(t, "too long", w.do(t, inline), http.StatusBadRequest, failure(`expires "901" is not allowed: must be 60 to 900 seconds`, "invalid_request"))

	id = idAt(start.Add(-time.Hour), 2, "pdf")
	record := arrived(owner, id)
	record.Type = "application/pdf"
	w.setVerdict(t, record)
	inline.id, inline.query["expires"] = id, "900"
	message := "disposition inline is not allowed for application/pdf: must be attachment"
	checkRefusal(t, "scripts", w.do(t, inline), http.StatusBadRequest, failure(message, "invalid_request"))
}

func TestUsage(t *testing.T) {
	w := newWorld(t)
	usage := call{owner: owner, path: "/usage"}
	if got, want := see[api.Usage](t, w.do(t, usage), http.StatusOK), (api.Usage{Quota: 1 << 20, FileQuota: 5, MaxSize: 1}); got != want {
		t.Errorf("nothing: got %+v, want %+v", got, want)
	}
	w.setVerdict(t, arrived(owner, idAt(start, 1, "mp4")))
	w.setVerdict(t, arrived(owner, idAt(start, 2, "mp4")))
	if got, want := see[api.Usage](t, w.do(t, usage), http.StatusOK), (api.Usage{Used: 78, Quota: 1 << 20, Files: 2, FileQuota: 5, MaxSize: 1}); got != want {
		t.Errorf("two uploads: got %+v, want %+v", got, want)
	}
	usage.owner = other
	if got := see[api.Usage](t, w.do(t, usage), http.StatusOK); got.Used != 0 || got.Files != 0 {
		t.Errorf("another owner: got %+v, want nothing", got)
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
		w.setVerdict(t, record)
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
