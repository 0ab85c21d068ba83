package objects_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"postern/internal/objects"
	"postern/internal/upload"
)

// bucketAt is a bucket at a server of the test's own, for answers that the local S3 server does not give.
func bucketAt(t *testing.T, answer http.HandlerFunc) *objects.Bucket {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return objects.New(aws.Config{
		Region: region, BaseEndpoint: &server.URL,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")),
	}, name)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

func list(w http.ResponseWriter, kind, body string) {
	w.Header().Set("Content-Type", "application/xml")
	_, _ = fmt.Fprintf(w, `<%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</%[1]s>`, kind, body)
}

func entry(kind, key, id string, modified int) string {
	return fmt.Sprintf("<%s><Key>%s</Key><VersionId>%s</VersionId><Size>1</Size><LastModified>2026-03-14T15:09:%02dZ</LastModified></%[1]s>",
		kind, key, id, modified)
}

// TestRefused: what S3 answers is gone only if the list of versions says so too.
func TestRefused(t *testing.T) {
	listed := entry("Version", key+"x", "another", 1) + entry("Version", key, "there", 2) + entry("DeleteMarker", key, "marker", 3)
	for _, test := range []struct {
		name         string
		status       int
		version      string
		listedStatus int // of the list's answer, 0 for 200
		want         bool
	}{
		{"forbidden and there", 403, "there", 0, false},
		{"forbidden and missing", 403, "missing", 0, true},
		{"forbidden and another key's", 403, "another", 0, true},
		{"forbidden, as the list is", 403, "missing", 403, false},
		{"missing", 404, "missing", 0, true},
		{"missing with its bucket", 404, "missing", 404, false},
		{"delete marker", 405, "marker", 0, true},
		{"malformed version", 400, "missing", 0, true},
		{"another refusal", 412, "missing", 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case !r.URL.Query().Has("versions"):
					refuse(w, test.status, "Refused")
				case test.listedStatus != 0:
					refuse(w, test.listedStatus, "Refused")
				default:
					list(w, "ListVersionsResult", listed)
				}
			})
			_, err := bucket.Open(t.Context(), key, test.version)
			if got := errors.Is(err, upload.ErrGone); err == nil || got != test.want {
				t.Errorf("Open: got %v, want gone: %t", err, test.want)
			}
			err = bucket.Tag(t.Context(), key, test.version, upload.Ready)
			if got := errors.Is(err, upload.ErrGone); err == nil || got != test.want {
				t.Errorf("Tag: got %v, want gone: %t", err, test.want)
			}
			isThere := test.version == "marker"
			if err = bucket.Remove(t.Context(), key, test.version); (err == nil) != (test.want && !isThere) {
				t.Errorf("Remove: got %v, want it done: %t", err, test.want && !isThere)
			}
		})
	}
}

// TestVersionsOfPages: all pages that have the key, each version in its place. The second was begun, as a multipart
// upload, before the first.
func TestVersionsOfPages(t *testing.T) {
	var queries []string
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		queries = append(queries, query.Get("prefix")+"|"+query.Get("key-marker")+"|"+query.Get("version-id-marker"))
		switch query.Get("version-id-marker") {
		case "":
			list(w, "ListVersionsResult", "<IsTruncated>true</IsTruncated><NextKeyMarker>"+key+"</NextKeyMarker><NextVersionIdMarker>v3</NextVersionIdMarker>"+
				entry("DeleteMarker", key, "m2", 9)+entry("Version", key, "v3", 8))
		case "v3":
			list(w, "ListVersionsResult", "<IsTruncated>true</IsTruncated><NextKeyMarker>"+key+"x</NextKeyMarker><NextVersionIdMarker>other</NextVersionIdMarker>"+
				entry("Version", key, "v2", 1)+entry("DeleteMarker", key, "m1", 3)+entry("Version", key, "v1", 2)+entry("Version", key+"x", "other", 1))
		default:
			t.Errorf("asked for a page after the key's last: %s", r.URL.RawQuery)
		}
	})
	got, err := bucket.Versions(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	at := func(second int) time.Time { return time.Date(2026, time.March, 14, 15, 9, second, 0, time.UTC) }
	want := []upload.Version{
		{ID: "v1", Size: 1, Modified: at(2)},
		{ID: "v2", Size: 1, Modified: at(1)},
		{ID: "m1", Modified: at(3), Marker: true},
		{ID: "v3", Size: 1, Modified: at(8)},
		{ID: "m2", Modified: at(9), Marker: true},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("versions (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(queries, []string{key + "||", key + "|" + key + "|v3"}); diff != "" {
		t.Errorf("queries (-got +want):\n%s", diff)
	}
}

func TestAbortUploadsOfPages(t *testing.T) {
	var aborted []string
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		switch {
		case r.Method == http.MethodDelete && query.Get("uploadId") == "ended":
			refuse(w, http.StatusNotFound, "NoSuchUpload")
		case r.Method == http.MethodDelete:
			aborted = append(aborted, query.Get("uploadId"))
			w.WriteHeader(http.StatusNoContent)
		case query.Get("upload-id-marker") == "":
			list(w, "ListMultipartUploadsResult", "<IsTruncated>true</IsTruncated><NextKeyMarker>"+key+"</NextKeyMarker><NextUploadIdMarker>first</NextUploadIdMarker>"+
				"<Upload><Key>"+key+"</Key><UploadId>first</UploadId></Upload><Upload><Key>"+key+"</Key><UploadId>ended</UploadId></Upload>")
		default:
			list(w, "ListMultipartUploadsResult",
				"<Upload><Key>"+key+"</Key><UploadId>second</UploadId></Upload><Upload><Key>"+key+"x</Key><UploadId>other</UploadId></Upload>")
		}
	})
	if err := bucket.AbortUploads(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(aborted, []string{"first", "second"}); diff != "" {
		t.Errorf("aborted (-got +want):\n%s", diff)
	}
}

// serve answers HEAD with 100,000 bytes and GET by get.
func serve(get http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			get(w, r)
			return
		}
		w.Header().Set("Content-Length", "100000")
	}
}

// TestRanges: what is asked for, and what an answer must be.
func TestRanges(t *testing.T) {
	const version = "v/1+2 é"
	var asked []string
	bucket := bucketAt(t, serve(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range")+" of "+r.URL.Query().Get("versionId")+r.Header.Get("x-amz-checksum-mode"))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("x", 100000)))
	}))
	object, err := bucket.Open(t.Context(), key, version)
	if err != nil {
		t.Fatal(err)
	}
	if len(asked) != 0 {
		t.Errorf("asked for %q before anything was read", asked)
	}
	for _, r := range []struct{ offset, length int64 }{{100, 50}, {0, 16384}, {16383, 2}, {99990, 10}} {
		if _, err := object.Content.ReadAt(make([]byte, r.length), r.offset); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	want := []string{"bytes=0-16383 of " + version, "bytes=16383-16384 of " + version, "bytes=99990-99999 of " + version}
	if diff := cmp.Diff(asked, want); diff != "" {
		t.Errorf("asked (-got +want):\n%s", diff)
	}
}

// TestWholeObjectAnswered: a server that ignores the range is not read.
func TestWholeObjectAnswered(t *testing.T) {
	var sent atomic.Int64
	bucket := bucketAt(t, serve(func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			n, err := w.Write(make([]byte, 100000))
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	object, err := bucket.Open(t.Context(), key, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := object.Content.ReadAt(make([]byte, 10), 0); n != 0 || err == nil {
		t.Errorf("got %d bytes, %v, want an error", n, err)
	}
	if got := sent.Load(); got > 50_000_000 {
		t.Errorf("the server could send %d bytes", got)
	}
}

func TestCutOff(t *testing.T) {
	bucket := bucketAt(t, serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 20000-20099/100000")
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "cut off")
	}))
	object, err := bucket.Open(t.Context(), key, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := object.Content.ReadAt(make([]byte, 100), 20000); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// TestErrorsHoldNoURL: of a request without an answer, the SDK's error holds the URL.
func TestErrorsHoldNoURL(t *testing.T) {
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
	})
	for name, call := range map[string]func(context.Context) error{
		"Open": func(ctx context.Context) error {
			_, err := bucket.Open(ctx, key, "v1")
			return err
		},
		"Tag":          func(ctx context.Context) error { return bucket.Tag(ctx, key, "v1", upload.Ready) },
		"Remove":       func(ctx context.Context) error { return bucket.Remove(ctx, key, "v1") },
		"Remove many":  func(ctx context.Context) error { return bucket.Remove(ctx, key, "v1", "v2") },
		"AbortUploads": func(ctx context.Context) error { return bucket.AbortUploads(ctx, key) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the SDK tries three times, and waits in between
			if err := call(t.Context()); err == nil || !errors.Is(err, io.EOF) || strings.Contains(err.Error(), "/") || strings.Contains(err.Error(), "?") {
				t.Errorf("got %v, want it without a URL", err)
			}
		})
	}
}
