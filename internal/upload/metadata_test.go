package upload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

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
