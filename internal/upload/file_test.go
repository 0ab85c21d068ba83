package upload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

func TestFormat(t *testing.T) {
	mp4 := contract.Format{Extension: "mp4", ContentType: "video/mp4", Folder: "videos", MaxSize: 5 << 30}
	pdf := contract.Format{Extension: "pdf", ContentType: "application/pdf", Folder: "documents", MaxSize: 1 << 20}
	for _, test := range []struct {
		name string
		file upload.File
		want contract.Format
	}{
		{"nothing", upload.File{}, mp4},
		{"name", upload.File{Name: new("clip.mp4")}, mp4},
		{"name, upper case", upload.File{Name: new("REPORT.PDF")}, pdf},
		{"name with dots and spaces", upload.File{Name: new("mon été à la mer.v2 .pdf")}, pdf},
		{"hidden name", upload.File{Name: new(".pdf")}, pdf},
		{"longest name", upload.File{Name: new(strings.Repeat("x", 251) + ".pdf")}, pdf},
		{"type", upload.File{Type: new("application/pdf")}, pdf},
		{"type, upper case", upload.File{Type: new("Application/PDF")}, pdf},
		{"both", upload.File{Name: new("clip.Mp4"), Type: new("VIDEO/mp4")}, mp4},
	} {
		got, err := test.file.Format(formats)
		if diff := cmp.Diff(got, test.want); err != nil || diff != "" {
			t.Errorf("%s: %v\n(-got +want)\n%s", test.name, err, diff)
		}
	}
}

func TestFormatRefuses(t *testing.T) {
	const (
		names      = ": must be 1 to 255 bytes of UTF-8 without control characters, / and \\"
		extensions = " is not supported: must be one of mov, mp4, pdf"
		types      = " is not supported: must be one of application/pdf, video/mp4, video/quicktime"
	)
	long := strings.Repeat("x", 256)
	for _, test := range []struct {
		name string
		file upload.File
		want upload.Error
	}{
		{"empty name", upload.File{Name: new("")}, upload.Error{Code: api.InvalidRequest, Message: `filename "" is empty` + names}},
		{"long name", upload.File{Name: &long}, upload.Error{Code: api.InvalidRequest, Message: `filename "` + long[:64] + `"… has 256 bytes` + names}},
		{"not UTF-8", upload.File{Name: new("a\xff.mp4")}, upload.Error{Code: api.InvalidRequest, Message: `filename "a\xff.mp4" is not UTF-8` + names}},
		{"CR/LF", upload.File{Name: new("a\r\n.mp4")}, upload.Error{Code: api.InvalidRequest, Message: `filename "a\r\n.mp4" has a control character` + names}},
		{"NUL", upload.File{Name: new("a.mp4\x00.pdf")}, upload.Error{Code: api.InvalidRequest, Message: `filename "a.mp4\x00.pdf" has a control character` + names}},
		{"C1 control", upload.File{Name: new("a\u0085.mp4")}, upload.Error{Code: api.InvalidRequest, Message: `filename "a\u0085.mp4" has a control character` + names}},
		{"slash", upload.File{Name: new("../a.mp4")}, upload.Error{Code: api.InvalidRequest, Message: `filename "../a.mp4" has a path separator` + names}},
		{"backslash", upload.File{Name: new(`C:\a.mp4`)}, upload.Error{Code: api.InvalidRequest, Message: `filename "C:\\a.mp4" has a path separator` + names}},
		{"bad name, good type", upload.File{Name: new("a/b"), Type: new("video/mp4")}, upload.Error{Code: api.InvalidRequest, Message: `filename "a/b" has a path separator` + names}},
		{"no extension", upload.File{Name: new("clip")}, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "clip"` + extensions}},
		{"no extension, good type", upload.File{Name: new("clip"), Type: new("video/mp4")}, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "clip"` + extensions}},
		{"dot", upload.File{Name: new("clip.")}, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "clip."` + extensions}},
		{"other extension", upload.File{Name: new("x.html")}, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "x.html"` + extensions}},
		{"last extension counts", upload.File{Name: new("x.mp4.exe")}, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "x.mp4.exe"` + extensions}},
		{"empty type", upload.File{Type: new("")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type ""` + types}},
		{"other type", upload.File{Type: new("text/html")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "text/html"` + types}},
		{"type with parameter", upload.File{Type: new("video/mp4; x=y")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/mp4; x=y"` + types}},
		{"type with CR/LF", upload.File{Type: new("video/mp4\r\nx")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/mp4\r\nx"` + types}},
		{"type not UTF-8", upload.File{Type: new("video/mp4\xff")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/mp4\xff"` + types}},
		{"type does not fit", upload.File{Name: new("a.mov"), Type: new("video/mp4")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/mp4" does not fit filename "a.mov": must be video/quicktime`}},
		{"empty type does not fit", upload.File{Name: new("a.mov"), Type: new("")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "" does not fit filename "a.mov": must be video/quicktime`}},
	} {
		format, err := test.file.Format(formats)
		var got *upload.Error
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, %v, want an upload.Error", test.name, format, err)
		} else if diff := cmp.Diff(*got, test.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.name, diff)
		}
	}
}

func TestFormatOfNothingWithoutMP4(t *testing.T) {
	_, err := upload.File{}.Format(contract.Folders{"documents": formats["documents"]})
	var got *upload.Error
	if !errors.As(err, &got) || got.Code != api.InvalidRequest {
		t.Errorf("got %v, want an error of code %s", err, api.InvalidRequest)
	}
}
