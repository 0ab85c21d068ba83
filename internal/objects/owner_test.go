package objects_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/lifecycle"
	"postern/internal/objects"
	"postern/internal/upload"
)

var _ lifecycle.OwnerObjects = (*objects.Bucket)(nil)

const (
	prefix    = "videos/0123456789abcdef0123/"
	neighbour = "videos/0123456789abcdef0124/0198c0de00007000800000000000cafe.mp4"
)

func TestWhatAnOwnerHas(t *testing.T) {
	s := start(t)
	if folders, err := s.Folders(t.Context()); len(folders) > 0 || err != nil {
		t.Errorf("empty bucket: got %q, %v", folders, err)
	}
	s.checkHolds(t, prefix, false)
	s.put(t, key, "a video")
	s.put(t, key, "another")
	s.hide(t, key)
	s.put(t, prefix+"été & <b>%2F+.mp4", "x")
	hidden := prefix + "0198c0de00007000800000000000beef.mp4"
	s.put(t, hidden, "x")
	s.hide(t, hidden)
	s.put(t, neighbour, "x")
	s.begin(t, key)
	s.begin(t, prefix+"0198c0de00007000800000000000f00d.mp4")
	s.begin(t, neighbour)
	s.put(t, "images/0123456789abcdef0125/x", "x")
	if folders, err := s.Folders(t.Context()); !slices.Equal(folders, []string{"images", "videos"}) || err != nil {
		t.Errorf("got the folders %q, %v", folders, err)
	}
	s.checkHolds(t, prefix, true)
	for _, want := range []int{2, 0} {
		if aborted, err := s.AbortAll(t.Context(), prefix); aborted != want || err != nil {
			t.Errorf("AbortAll = %d, %v, want %d", aborted, err, want)
		}
	}
	if open, err := s.OpenUploads(t.Context(), neighbour); len(open) == 0 || err != nil {
		t.Errorf("the neighbour's upload: got %v, %v, want it open", open, err)
	}
	s.checkHolds(t, prefix, true)
	versions, err := s.FirstVersions(t.Context(), prefix)
	if len(versions) != 6 || err != nil {
		t.Fatalf("got %d versions, %v, want 6", len(versions), err)
	}
	// The same request may be sent again.
	for range 2 {
		if err := s.RemoveAll(t.Context(), versions); err != nil {
			t.Fatal(err)
		}
	}
	s.checkHolds(t, prefix, false)
	s.checkHolds(t, neighbour, true)
}

func (s server) checkHolds(t *testing.T, prefix string, want bool) {
	t.Helper()
	if holds, err := s.Holds(t.Context(), prefix); holds != want || err != nil {
		t.Errorf("Holds(%s) = %t, %v, want %t", prefix, holds, err, want)
	}
}

func TestHoldsOpenUploadsAlone(t *testing.T) {
	s := start(t)
	s.begin(t, key)
	s.checkHolds(t, prefix, true)
	if folders, err := s.Folders(t.Context()); !slices.Equal(folders, []string{"videos"}) || err != nil {
		t.Errorf("got the folders %q, %v", folders, err)
	}
}

// S3 answers 200 to a request of which it refuses a part.
func TestRemoveAllOfWhatIsRefused(t *testing.T) {
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), "<VersionId>v1</VersionId>") || !strings.Contains(string(body), "<Quiet>true</Quiet>") {
			t.Errorf("got the body %s, %v", body, err)
		}
		list(w, "DeleteResult", "<Error><Key>"+key+"</Key><VersionId>v1</VersionId><Code>AccessDenied</Code><Message>no</Message></Error>")
	})
	err := bucket.RemoveAll(t.Context(), []upload.KeyVersion{{Key: key, VersionID: "v1"}, {Key: key, VersionID: "v2"}})
	if err == nil || !strings.Contains(err.Error(), "S3 refuses 1 of 2: AccessDenied") || strings.Contains(err.Error(), key) {
		t.Errorf("got %v, want a refusal without the key", err)
	}
	if err := bucket.RemoveAll(t.Context(), []upload.KeyVersion{{Key: key}}); err == nil {
		t.Error("a key without a version is taken: S3 would put a delete marker on it")
	}
}

// A key may hold what XML cannot. S3 lists it encoded, and a request for it alone deletes it.
func TestKeysThatXMLCannotHold(t *testing.T) {
	strange := prefix + "a+b%2F\x01\r\n.mp4"
	var deleted []string
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodDelete:
			deleted = append(deleted, strings.TrimPrefix(r.URL.Path, "/"+name+"/")+" "+r.URL.Query().Get("versionId"))
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Query().Get("encoding-type") == "url":
			list(w, "ListVersionsResult", "<EncodingType>url</EncodingType>"+entry("Version", url.QueryEscape(strange), "v1", 1))
		default:
			t.Errorf("S3 is asked %s %s", r.Method, r.URL)
		}
	})
	versions, err := bucket.FirstVersions(t.Context(), prefix)
	if diff := cmp.Diff(versions, []upload.KeyVersion{{Key: strange, VersionID: "v1"}}); diff != "" || err != nil {
		t.Fatalf("%v, versions (-got +want)\n%s", err, diff)
	}
	if err := bucket.RemoveAll(t.Context(), versions); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(deleted, []string{strange + " v1"}); diff != "" {
		t.Errorf("deleted (-got +want)\n%s", diff)
	}
}

// Folders are those of both lists, and of every page.
func TestFoldersOfPages(t *testing.T) {
	of := func(folders ...string) (body string) {
		for _, folder := range folders {
			body += "<CommonPrefixes><Prefix>" + folder + "/</Prefix></CommonPrefixes>"
		}
		return body
	}
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if query.Get("delimiter") != "/" || query.Get("prefix") != "" {
			t.Errorf("S3 is asked %s", r.URL)
		}
		switch more := query.Get("key-marker") == ""; {
		case query.Has("versions") && more:
			list(w, "ListVersionsResult", "<IsTruncated>true</IsTruncated><NextKeyMarker>b/</NextKeyMarker>"+of("a", "b"))
		case query.Has("versions"):
			list(w, "ListVersionsResult", of("d"))
		case more:
			list(w, "ListMultipartUploadsResult", "<IsTruncated>true</IsTruncated><NextKeyMarker>b/</NextKeyMarker>"+of("b"))
		default:
			list(w, "ListMultipartUploadsResult", of("c"))
		}
	})
	folders, err := bucket.Folders(t.Context())
	if diff := cmp.Diff(folders, []string{"a", "b", "c", "d"}); diff != "" || err != nil {
		t.Errorf("%v, folders (-got +want)\n%s", err, diff)
	}
}
