package upload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

func TestCheckTitle(t *testing.T) {
	const allowed = ": must be at most 300 characters of UTF-8 without control characters"
	long := strings.Repeat("é", 301)
	name := strings.Repeat("n", 251) + ".mp4" // 340 bytes in base64url
	for _, test := range []struct{ title, name, want string }{
		{"", "a.mp4", ""},
		{"Été 🏖 <&\"'\\/", "a.mp4", ""},
		{strings.Repeat("é", 300), name, ""},
		{strings.Repeat("🎬", 180), name, ""}, // 340 + 960 bytes
		{strings.Repeat("🎬", 180) + "x", name, `filename "` + name[:64] + `"… and title "` + strings.Repeat("🎬", 16) + `"… have 1302 bytes together in base64url: must be at most 1300`},
		{strings.Repeat("🎬", 300), "a.mp4", `filename "a.mp4" and title "` + strings.Repeat("🎬", 16) + `"… have 1607 bytes together in base64url: must be at most 1300`},
		{long, "a.mp4", `title "` + strings.Repeat("é", 32) + `"… has 301 characters` + allowed},
		{"a\xff", "a.mp4", `title "a\xff" is not UTF-8` + allowed},
		{"a\r\nb", "a.mp4", `title "a\r\nb" has a control character` + allowed},
		{"a\x00", "a.mp4", `title "a\x00" has a control character` + allowed},
		{"a\x7f", "a.mp4", `title "a\x7f" has a control character` + allowed},
		{"a\u0085", "a.mp4", `title "a\u0085" has a control character` + allowed},
	} {
		err := upload.CheckTitle(test.title, test.name)
		if test.want == "" {
			if err != nil {
				t.Errorf("%q: %v", test.title, err)
			}
			continue
		}
		var got *upload.Error
		if !errors.As(err, &got) || got.Code != api.InvalidRequest || got.Message != test.want {
			t.Errorf("%q: got %v, want %s", test.title, err, test.want)
		}
	}
}

// What CheckTitle lets pass fits into the 2 KB that S3 gives names and values of user metadata, without its prefix.
func TestMetadataFits(t *testing.T) {
	name, title := strings.Repeat("n", 251)+".mp4", strings.Repeat("🎬", 180)
	if err := upload.CheckTitle(title, name); err != nil {
		t.Fatal(err)
	}
	size := 0
	for key, value := range (upload.Declared{Quota: 9223372036854775807, Size: api.MaxObject, Filename: name, Title: title}).Metadata() {
		size += len(key) + len(value)
	}
	if size > 2048 {
		t.Errorf("the metadata has %d bytes, want at most 2048", size)
	}
}

func TestMetadata(t *testing.T) {
	for _, test := range []struct {
		declared upload.Declared
		want     map[string]string
	}{
		{upload.Declared{Quota: 7}, map[string]string{"quota": "7"}},
		{upload.Declared{}, map[string]string{"quota": "0"}},
		{upload.Declared{Quota: 7, Size: 5, Filename: "a.mp4"}, map[string]string{"quota": "7", "size": "5", "filename": "YS5tcDQ"}},
		{
			upload.Declared{Quota: 7, Filename: "?>é.mp4", Title: "🏖"},
			map[string]string{"quota": "7", "filename": "Pz7DqS5tcDQ", "title": "8J-Plg"},
		},
	} {
		if diff := cmp.Diff(test.declared.Metadata(), test.want); diff != "" {
			t.Errorf("metadata (-got +want)\n%s", diff)
		}
		if got, ok := upload.ParseMetadata(test.want); !ok || got != test.declared {
			t.Errorf("%v is read as %+v, %t, want %+v", test.want, got, ok, test.declared)
		}
	}
}

func TestParseMetadataRefuses(t *testing.T) {
	for _, metadata := range []map[string]string{
		nil,
		{"quota": ""},
		{"quota": "-1"},
		{"quota": "x"},
		{"quota": "7", "size": "0"},
		{"quota": "7", "size": "-5"},
		{"quota": "7", "filename": "%%"},
		{"quota": "7", "title": "_w"}, // not UTF-8
	} {
		if got, ok := upload.ParseMetadata(metadata); ok {
			t.Errorf("%v is read as %+v", metadata, got)
		}
	}
}
