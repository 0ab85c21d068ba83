package e2e_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/upload"
	"postern/local/clip"
)

// eventually waits until a condition holds. If it never does, the test fails with the text of says.
func eventually(t *testing.T, holds func() bool, says func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(says())
		}
	}
}

// TestContentIsJudged uploads files of other formats than their names say. Each is kept, unreadable, and counted.
func TestContentIsJudged(t *testing.T) {
	requireLocal(t)
	c := addUser(t, "judged@example.com")
	video := clip.MP4()
	for _, test := range []struct {
		name, filename string
		file           []byte
	}{
		{"an HTML page", "page.mp4", []byte("<!DOCTYPE html><html><script>alert(1)</script></html>")},
		{"zeros", "zeros.mp4", make([]byte, 4096)},
		{"a truncated file", "cut.mp4", video[:20]},
		{"a video that is called an image", "video.png", video},
		{"a page that is called a text", "page.txt", []byte("<html><body onload=alert(1)>")},
		{"a ZIP that is called a document", "zip.docx", []byte("PK\x05\x06" + strings.Repeat("\x00", 18))},
		{"an image with a ZIP at its end", "gifar.gif", append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), archive(t, "Evil.class")...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := c.store(t, test.filename, test.file)
			r := c.await(t, g.ID, "rejected")
			if r.Reason != "type_mismatch" || r.Size != int64(len(test.file)) {
				t.Errorf("got %+v, want type_mismatch", r)
			}
			o := server.operator(t)
			if tag := o.tag(t, g.Key); tag != "rejected" || len(o.versions(t, g.Key)) != 1 {
				t.Errorf("tag %q, versions %q, want one, rejected", tag, o.versions(t, g.Key))
			}
			if a := c.do(t, http.MethodGet, "uploads/"+g.ID+"/download"); a.status != http.StatusConflict {
				t.Errorf("download: got %d %s, want 409", a.status, a.body)
			}
			if e := server.awaitEvent(t, g.ID, "Upload Rejected"); e.Detail.Upload["reason"] != "type_mismatch" {
				t.Errorf("event: got %+v", e)
			}
			if used := o.usage(t, g.owner()); used != int64(len(test.file)+len(test.filename)) {
				t.Errorf("usage: got %d, want %d and the name", used, len(test.file))
			}
			deletes(t, c, g)
			if used := o.usage(t, g.owner()); used != 0 {
				t.Errorf("usage after the deletion: got %d, want 0", used)
			}
		})
	}
}

// TestContentTellsTheType uploads files under the names of others: what was found is told everywhere, and a download has
// that type.
func TestContentTellsTheType(t *testing.T) {
	requireLocal(t)
	quickTime := bytes.Replace(clip.MP4(), clip.MP4()[8:12], []byte("qt  "), 1)
	pixel := []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	for _, test := range []struct {
		name, filename string
		file           []byte
		want           record // status, reason and detected
	}{
		{"what its name says", "a.mp4", clip.MP4(), record{Status: "ready", Detected: "video/mp4"}},
		{"a recording under another's name", "a.mp4", quickTime, record{Status: "ready", Detected: "video/quicktime"}},
		{"a picture under another's name", "a.jpg", pixel, record{Status: "ready", Detected: "image/gif"}},
		{"a picture that is called a video", "a.mp4", pixel, record{Status: "rejected", Reason: "type_mismatch", Detected: "image/gif"}},
		{"a page", "a.txt", []byte("\v<!DOCTYPE html><p>"), record{Status: "rejected", Reason: "type_mismatch", Detected: "text/html"}},
		{"an archive that climbs", "a.zip", archive(t, "../a"), record{Status: "rejected", Reason: "unsafe_archive", Detected: "application/zip"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := demo.store(t, test.filename, test.file)
			if r := demo.show(t, g.ID); r.Status == "waiting" && r.Detected != "" {
				t.Errorf("before the inspection: got %+v", r)
			}
			r := demo.await(t, g.ID, test.want.Status)
			if r.Reason != test.want.Reason || r.Detected != test.want.Detected {
				t.Errorf("got %s %q, want %s %q", r.Detected, r.Reason, test.want.Detected, test.want.Reason)
			}
			kind := map[string]string{"ready": "Upload Ready", "rejected": "Upload Rejected"}[test.want.Status]
			if e := server.awaitEvent(t, g.ID, kind); e.Detail.Upload["detected"] != test.want.Detected {
				t.Errorf("event: got %+v, want %s", e, test.want.Detected)
			}
			if test.want.Status != "ready" {
				return
			}
			a := demo.do(t, http.MethodGet, "uploads/"+g.ID+"/download")
			if got := fetch(t, decoded[struct{ URL string }](t, a).URL).header.Get("Content-Type"); got != test.want.Detected {
				t.Errorf("download: got %s, want %s", got, test.want.Detected)
			}
		})
	}
}

// TestContentEncodingsAreRefused sends a header with a signed PUT that no signature covers: a browser would decode the
// download, and see something else than was inspected.
func TestContentEncodingsAreRefused(t *testing.T) {
	text := []byte("text")
	g := demo.grant(t, map[string]any{"filename": "a.txt", "size": len(text)})
	if status, code := g.put(t, text, header("Content-Encoding", "deflate")); status != http.StatusOK {
		t.Fatalf("PUT: got %d %s, want S3's 200", status, code)
	}
	if r := demo.await(t, g.ID, "rejected"); r.Reason != "type_mismatch" {
		t.Errorf("got %+v, want type_mismatch", r)
	}
}

// archive is a ZIP with one file of a name.
func archive(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.Create(name); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWhatNoSignatureStored puts objects into the bucket without the API.
func TestWhatNoSignatureStored(t *testing.T) {
	requireLocal(t)
	o, g := server.operator(t), demo.grant(t, map[string]any{"filename": "a.txt", "size": 4})
	for _, test := range []struct {
		name, reason string
		metadata     func(g grant) map[string]string
	}{
		{"unsigned", "unsigned", func(grant) map[string]string { return nil }},
		{"in clear", "unsigned", func(grant) map[string]string { return map[string]string{"quota": "1000000", "size": "4"} }},
		{"another object's", "unsigned", func(grant) map[string]string { return map[string]string{"postern": g.Headers["X-Amz-Meta-Postern"]} }},
		{"one bit changed", "unsigned", func(g grant) map[string]string {
			sealed := []byte(g.Headers["X-Amz-Meta-Postern"])
			sealed[30] ^= 1
			return map[string]string{"postern": string(sealed)}
		}},
		{"another size", "size_mismatch", func(g grant) map[string]string {
			sealed, err := derive(t, o.secret(t), g.owner()).Seal(g.Key, upload.Declared{Quota: 1 << 40, Files: 1 << 20, Size: 5}, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := demo.grant(t, map[string]any{"filename": "a.txt", "size": 4})
			o.put(t, g.Key, "text/plain", test.metadata(g), []byte("text"))
			if r := demo.await(t, g.ID, "rejected"); r.Reason != test.reason {
				t.Errorf("got %+v, want %s", r, test.reason)
			}
		})
	}
	t.Run("tagged by somebody else", func(t *testing.T) {
		g := demo.grant(t, map[string]any{"filename": "a.txt", "size": 4})
		_, err := o.objects.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(o.outputs["BucketName"]), Key: &g.Key, Body: strings.NewReader("text"),
			Tagging: aws.String("status=pending&scan=clean"), IfNoneMatch: aws.String("*"),
		})
		if err != nil {
			t.Fatal(err)
		}
		demo.await(t, g.ID, "rejected")
		want := map[string]string{"status": "rejected", "scan": "clean"}
		if diff := cmp.Diff(o.object(t, g.Key).Tags, want); diff != "" {
			t.Errorf("tags (-got +want):\n%s", diff)
		}
	})
	t.Run("a key of another layout", func(t *testing.T) {
		key := "documents/" + g.owner() + "/sub/" + g.ID
		o.put(t, key, "text/plain", map[string]string{"quota": "1000000"}, []byte("text"))
		g := demo.store(t, "after.txt", []byte("text"))
		demo.await(t, g.ID, "ready")
		if tag := o.tag(t, key); tag != "pending" {
			t.Errorf("tag %q, want pending: it is left as it is", tag)
		}
	})
}

// TestEventsHoldNothingPersonal reads the event of an upload back, member by member.
func TestEventsHoldNothingPersonal(t *testing.T) {
	requireLocal(t)
	g := demo.store(t, "secret-name.txt", []byte("text"), "title", "secret title")
	demo.await(t, g.ID, "ready")
	e := server.awaitEvent(t, g.ID, "Upload Ready")
	versions := server.operator(t).versions(t, g.Key)
	if len(versions) != 1 {
		t.Fatalf("versions %q, want one", versions)
	}
	want := map[string]any{
		"id": g.ID, "owner": g.owner(), "key": g.Key, "versionId": versions[0], "status": "ready", "size": 4.0, "type": "text/plain", "detected": "text/plain",
		"checksum": crc64NVME([]byte("text")), "checksumAlgorithm": "CRC64NVME",
	}
	if diff := cmp.Diff(e.Detail.Upload, want); e.Source != "postern" || diff != "" {
		t.Errorf("source %s, upload (-got +want):\n%s", e.Source, diff)
	}
	deletes(t, demo, g)
	gone := server.awaitEvent(t, g.ID, "Upload Deleted")
	if gone.Detail.ID == e.Detail.ID {
		t.Errorf("both events have the id %s", e.Detail.ID)
	}
}

// TestReplays uses a form a second time: when its upload is ready, and when it is deleted.
func TestReplays(t *testing.T) {
	requireLocal(t)
	o, demo := server.operator(t), addUser(t, "replays@example.com")
	g := demo.store(t, "replay.txt", []byte("good"), "via", "form")
	demo.await(t, g.ID, "ready")
	first := o.versions(t, g.Key)

	if status, code := g.post(t, []byte("evil")); status != http.StatusNoContent {
		t.Fatalf("replay: got %d %s, want S3's 204", status, code)
	}
	eventually(t, func() bool { return slices.Equal(o.versions(t, g.Key), first) }, func() string {
		return fmt.Sprintf("versions after a replay: %q, want %q", o.versions(t, g.Key), first)
	})
	if file, _ := demo.download(t, g.ID); string(file) != "good" {
		t.Errorf("after a replay: downloaded %q", file)
	}

	deletes(t, demo, g)
	if status, code := g.post(t, []byte("evil")); status != http.StatusNoContent {
		t.Fatalf("replay after the deletion: got %d %s, want S3's 204", status, code)
	}
	eventually(t, func() bool { return len(o.versions(t, g.Key)) == 0 }, func() string {
		return fmt.Sprintf("bytes on a tombstone stay: %q", o.versions(t, g.Key))
	})
	if a := demo.do(t, http.MethodGet, "uploads/"+g.ID); a.status != http.StatusNotFound {
		t.Errorf("after a replay on a tombstone: got %d %s, want 404", a.status, a.body)
	}
	if used := o.usage(t, g.owner()); used != 0 {
		t.Errorf("usage is %d, want 0", used)
	}
}

// TestQuota uploads more than an owner's quota at the same time. No more than the quota is accepted.
func TestQuota(t *testing.T) {
	requireLocal(t)
	const size, fits, sent = 100, 3, 12
	const taken = (size + int64(len("a.txt"))) * fits
	c := addUser(t, "quota@example.com", "--quota", fmt.Sprint(taken+size))
	text := []byte(strings.Repeat("x", size))
	var grants []grant
	for range sent {
		grants = append(grants, c.grant(t, map[string]any{"filename": "a.txt", "size": size}))
	}
	var all sync.WaitGroup
	for _, g := range grants {
		all.Go(func() {
			if status, code := g.put(t, text); status != http.StatusOK {
				t.Errorf("got %d %s, want 200", status, code)
			}
		})
	}
	all.Wait()
	o := server.operator(t)
	ready := 0
	for _, g := range grants {
		var r record
		eventually(t, func() bool { r = c.show(t, g.ID); return r.Status != "waiting" }, func() string { return g.ID + " waits" })
		switch {
		case r.Status == "ready":
			ready++
		case r.Reason != "over_quota" || len(o.versions(t, g.Key)) != 0:
			t.Errorf("got %+v with versions %q, want over_quota and none", r, o.versions(t, g.Key))
		}
	}
	if used := o.usage(t, grants[0].owner()); ready != fits || used != taken {
		t.Errorf("%d are ready and take %d bytes, want %d and %d", ready, used, fits, taken)
	}
}

// TestGrantsAreCapped asks for more than what is left of a quota.
func TestGrantsAreCapped(t *testing.T) {
	requireLocal(t)
	c, o := addUser(t, "capped@example.com", "--quota", "15"), server.operator(t)
	o.use(t, o.ownerOf(t, c.user), 8) // of 15, of which the name takes 5, before the authorizer has ever looked
	for _, test := range []struct {
		size, status int
		code         string
	}{{2, http.StatusCreated, ""}, {3, http.StatusRequestEntityTooLarge, "payload_too_large"}} {
		a := c.postJSON(t, "uploads", map[string]any{"filename": "a.txt", "size": test.size})
		if a.status != test.status {
			t.Fatalf("%d bytes: got %d %s, want %d", test.size, a.status, a.body, test.status)
		}
		if test.code != "" {
			checkError(t, a, test.code, []string{"size", "2", "quota"})
		}
	}
	for _, condition := range policy(t, c.presignedURL(t))["conditions"].([]any) {
		if bounds, ok := condition.([]any); ok && bounds[0] == "content-length-range" && bounds[2] != 7.0 { // it has no name
			t.Errorf("a form for %v, want at most 7 bytes", bounds)
		}
	}
}

// TestPoisonedMessages sends malformed messages and one event.
func TestPoisonedMessages(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting for redeliveries takes most of the time
	run := serve(t, edited(t, fastRedelivery))
	c, o := newClient(run.API, demoUser), run.operator(t)
	for _, body := range []string{"not JSON", "{}", "[]", `{"Records":[{"s3":{}}]}`, `{"Records":"x"}`} {
		o.send(t, body)
	}
	g := c.store(t, "good.txt", []byte("text"))
	for _, key := range []string{
		"documents%2F" + g.owner() + "%2F" + g.ID, // encoded once, as S3 does it; twice is another key
		"documents/" + g.owner() + "/%F0%9F%8E%AC.txt",
		"documents/+/" + g.ID,
		"videos-evil/" + g.owner() + "/" + g.ID,
	} {
		o.send(t, `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"`+
			o.outputs["BucketName"]+`"},"object":{"key":"`+key+`","versionId":"x"}}}]}`)
	}
	o.send(t, `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-03-14T15:09:26.000Z","Bucket":"x","RequestId":"x","HostId":"x"}`)
	c.await(t, g.ID, "ready")
	eventually(t, func() bool { return o.dead(t) >= 5 }, func() string {
		return fmt.Sprintf("%d dead letters, want the 5 that are not events\n%s", o.dead(t), tail(run.Log()))
	})
	time.Sleep(200 * time.Millisecond)
	// With chaos on, a message may be there twice.
	if dead := o.dead(t); dead != 5 && !onBadDay {
		t.Errorf("%d dead letters, want 5\n%s", dead, tail(run.Log()))
	}
	if bytes.Contains([]byte(run.Log()), []byte("not JSON")) {
		t.Error("a message's body is logged")
	}
}

// fastRedelivery delivers a message again after a second instead of minutes.
func fastRedelivery(t *testing.T, template map[string]any) {
	properties(t, template, "AWS::SQS::Queue", func(p map[string]any) bool { return p["VisibilityTimeout"] != nil })["VisibilityTimeout"] = 1
}
