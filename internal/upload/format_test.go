package upload_test

import (
	"errors"
	"strings"
	"testing"

	"postern/internal/contract"
	"postern/internal/upload"
)

// FuzzFormat: a file has a row of the table or a short refusal, and never an extension that could leave its folder.
func FuzzFormat(f *testing.F) {
	table := contract.Folders{
		"videos": {MaxSize: 1, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
		"images": {MaxSize: 1, Formats: map[string]string{"png": "image/png"}},
	}
	f.Add("intro.mp4", "video/mp4")
	f.Add("a.b.PNG", "IMAGE/PNG")
	f.Add("..mp4\x00.html", "text/html")
	f.Fuzz(func(t *testing.T, name, contentType string) {
		format, err := upload.File{Name: &name, Type: &contentType}.Format(table)
		if err != nil {
			refusal, ok := errors.AsType[*upload.Error](err)
			if !ok || len(refusal.Message) > 1000 {
				t.Fatalf("got %v, want a short refusal", err)
			}
			return
		}
		if !strings.HasSuffix(strings.ToLower(name), "."+format.Extension) || !strings.EqualFold(contentType, format.ContentType) {
			t.Errorf("%q, %q: got %+v", name, contentType, format)
		}
		if table[format.Folder].Formats[format.Extension] != format.ContentType {
			t.Errorf("%q, %q: got %+v, which is not in the table", name, contentType, format)
		}
	})
}
