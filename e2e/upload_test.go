package e2e_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/local/clip"
)

// pending is the tag of every new upload.
const pending = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"

func TestUploadIsStoredAsSigned(t *testing.T) {
	requireLocal(t)
	video := clip.MP4()
	for _, test := range []struct {
		name, filename, contentType string
		parameters                  []string
		file                        []byte
		sealed                      string // name
	}{
		{
			name: "as the tutorial", contentType: "video/mp4", file: video,
		},
		{
			name: "with a file name", contentType: "image/png", file: []byte("\x89PNG\r\n\x1a\n"),
			parameters: []string{"filename", "Zoë's “gate” 1+1.png"},
			sealed:     "Zoë's “gate” 1+1.png",
		},
		{
			name: "with a type", contentType: "application/pdf", file: []byte("%PDF-1.7\n"),
			parameters: []string{"type", "application/pdf"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := demo.presignedURL(t, test.parameters...)
			if status, code := f.post(t, test.file); status != http.StatusNoContent {
				t.Fatalf("upload: got %d %s, want 204", status, code)
			}
			o := server.operator(t)
			got := o.object(t, f.Key)
			owner := strings.Split(f.Key, "/")[1]
			declared, ok := derive(t, o.secret(t), owner).Open(f.Key, got.Metadata)
			if !ok || declared.Quota == 0 || declared.Filename != test.sealed {
				t.Errorf("sealed: %+v, %t, want the quota in force and name %q", declared, ok, test.sealed)
			}
			metadata := map[string]string{"postern": f.Fields["x-amz-meta-postern"]}
			// Inspection may have been faster than this test.
			if status := got.Tags["status"]; status == "ready" || status == "rejected" {
				got.Tags["status"] = "pending"
			}
			want := object{string(test.file), test.contentType, map[string]string{"status": "pending"}, metadata}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("stored object (-got +want):\n%s", diff)
			}
		})
	}
}

func TestFormHasTheOriginalsShape(t *testing.T) {
	f := demo.presignedURL(t)
	names := make([]string, 0, len(f.Fields))
	for name := range f.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"content-type", "key", "policy", "tagging", "x-amz-algorithm", "x-amz-credential", "x-amz-date",
		"x-amz-meta-postern", "x-amz-security-token", "x-amz-signature",
	}
	if diff := cmp.Diff(names, want); diff != "" {
		t.Errorf("field names (-got +want):\n%s", diff)
	}
	if f.Fields["tagging"] != pending {
		t.Errorf("tagging: got %s, want %s", f.Fields["tagging"], pending)
	}
	if layout := regexp.MustCompile(`^videos/[0-9a-f]{20}/[0-9a-f]{32}\.mp4$`); !layout.MatchString(f.Key) {
		t.Errorf("key: got %s, want %s", f.Key, layout)
	}
	if f.Fields["key"] != f.Key || !strings.HasSuffix(f.Key, "/"+f.ID) {
		t.Errorf("key %s, its field %s and id %s do not agree", f.Key, f.Fields["key"], f.ID)
	}
	if left := time.Until(f.Expires.Time); left < 10*time.Minute || left > 15*time.Minute {
		t.Errorf("expires in %s, want the 15 minutes of the stage", left)
	}
	if other := demo.presignedURL(t); other.Key == f.Key {
		t.Error("two forms have the same key")
	}
}

// TestHostileUploadsAreRefused alters what was signed, one thing at a time. Every form is first used unaltered by a
// second form of the same request, so that a refusal can only come from the alteration.
func TestHostileUploadsAreRefused(t *testing.T) {
	requireLocal(t)
	video := clip.MP4()
	set := func(name, value string) func(*form) {
		return func(f *form) { f.Fields[name] = value }
	}
	drop := func(name string) func(*form) {
		return func(f *form) { delete(f.Fields, name) }
	}
	for _, test := range []struct {
		name  string
		alter func(*form)
		empty bool  // an empty file instead of the video
		sized int64 // if set: as many bytes as the form allows, and so many more, instead of the video
	}{
		{name: "other key", alter: func(f *form) { f.Fields["key"] = strings.Replace(f.Key, ".mp4", "0.mp4", 1) }},
		{name: "another owner's folder", alter: func(f *form) { f.Fields["key"] = "videos/00000000000000000000/" + f.ID }},
		{name: "other prefix", alter: func(f *form) { f.Fields["key"] = "videos-evil/" + f.ID }},
		{name: "no key", alter: drop("key")},
		{name: "empty", empty: true},
		{name: "one byte too large", sized: 1},
		{name: "other type", alter: set("content-type", "text/html")},
		{name: "no type", alter: drop("content-type")},
		{name: "other tag", alter: set("tagging", strings.Replace(pending, "pending", "ready", 1))},
		{name: "no tag", alter: drop("tagging")},
		{name: "other metadata", alter: set("x-amz-meta-postern", strings.Repeat("A", 80))},
		{name: "no metadata", alter: drop("x-amz-meta-postern")},
		{name: "metadata in clear", alter: set("x-amz-meta-quota", "9000000000000000")},
		{name: "policy that allows more", alter: allowMore},
		{name: "policy that is not JSON", alter: set("policy", "AAAA")},
		{name: "no policy", alter: drop("policy")},
		{name: "wrong signature", alter: set("x-amz-signature", strings.Repeat("0", 64))},
		{name: "no signature", alter: drop("x-amz-signature")},
		{name: "nothing signed", alter: func(f *form) { f.Fields = map[string]string{"key": f.Key} }},
		{name: "missing token", alter: drop("x-amz-security-token")},
		{name: "other token", alter: set("x-amz-security-token", "AAAA")},
		{name: "other credential", alter: func(f *form) {
			f.Fields["x-amz-credential"] = "AKIAIOSFODNN7EXAMPLE" + f.Fields["x-amz-credential"][20:]
		}},
		{name: "other date", alter: set("x-amz-date", "20200101T000000Z")},
		{name: "extra field that makes it public", alter: set("acl", "public-read")},
		{name: "extra metadata", alter: set("x-amz-meta-extra", "1")},
		{name: "extra redirect", alter: set("success_action_redirect", "https://example.com/")},
	} {
		t.Run(test.name, func(t *testing.T) {
			parameters := []string{"filename", "intro.mp4"}
			if test.sized > 0 {
				// The folder with a limit that a test can send.
				parameters = []string{"filename", "intro.png"}
			}
			twin, f := demo.presignedURL(t, parameters...), demo.presignedURL(t, parameters...)
			bucket := server.operator(t)
			if status, code := twin.post(t, video); status != http.StatusNoContent {
				t.Fatalf("unaltered: got %d %s, want 204", status, code)
			}
			before := bucket.keys(t)

			if test.alter != nil {
				test.alter(&f)
			}
			var file io.Reader = bytes.NewReader(video)
			size := int64(len(video))
			switch {
			case test.empty:
				size = 0
			case test.sized > 0:
				file, size = rand.Reader, maxSize(t, f)+test.sized
			}
			status, code := f.upload(t, file, size)
			t.Logf("%s: %d %s", test.name, status, code)
			if status < 400 || status > 499 {
				t.Errorf("got %d %s, want 4xx", status, code)
			}
			if diff := cmp.Diff(bucket.keys(t), before); diff != "" {
				t.Errorf("something was stored (-got +want):\n%s", diff)
			}
		})
	}
}

func TestFieldAfterTheFileIsIgnored(t *testing.T) {
	video, f := clip.MP4(), demo.presignedURL(t)
	if status, code := f.upload(t, bytes.NewReader(video), int64(len(video)), "acl", "public-read"); status != http.StatusNoContent {
		t.Fatalf("got %d %s, want 204", status, code)
	}
	demo.await(t, f.ID, "ready")
	if file, _ := demo.download(t, f.ID); !bytes.Equal(file, video) {
		t.Errorf("stored %d bytes, want the %d of the file alone", len(file), len(video))
	}
}

func TestLargestSizeIsAccepted(t *testing.T) {
	f := demo.presignedURL(t, "filename", "intro.png")
	if status, code := f.upload(t, rand.Reader, maxSize(t, f)); status != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", status, code)
	}
}

// maxSize reads the largest size from a form's policy.
func maxSize(t *testing.T, f form) int64 {
	t.Helper()
	for _, condition := range policy(t, f)["conditions"].([]any) {
		if c, ok := condition.([]any); ok && c[0] == "content-length-range" {
			return int64(c[2].(float64))
		}
	}
	t.Fatal("the policy has no content-length-range")
	return 0
}

func policy(t *testing.T, f form) map[string]any {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(f.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	var p map[string]any
	if err := json.Unmarshal(decoded, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// allowMore raises the largest size in the policy and leaves the signature as it was.
func allowMore(f *form) {
	decoded, _ := base64.StdEncoding.DecodeString(f.Fields["policy"])
	more := regexp.MustCompile(`("content-length-range", ?1, ?)\d+`).ReplaceAll(decoded, []byte(`${1}5368709120999`))
	f.Fields["policy"] = base64.StdEncoding.EncodeToString(more)
}

// requireLocal ends a test that needs more than the API, if the API is a deployed one.
func requireLocal(t *testing.T) {
	t.Helper()
	if server == nil {
		t.SkipNow()
	}
}
