package upload_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/formats"
	"postern/internal/upload"
)

const checksum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

func TestCheck(t *testing.T) {
	got, err := upload.Check(api.UploadRequest{
		Filename: "REPORT.pdf", Size: 1 << 20, Type: new("Application/PDF"), Title: new("Q1"), Checksum: new(checksum), Via: new("fax"),
	}, table, upload.Limits{Folder: 1, User: 1 << 20, Quota: 1<<20 + 12, Remaining: 1<<20 + 12, FileQuota: 1, RemainingFiles: 1})
	want := contract.Format{Extension: "pdf", ContentType: "application/pdf", Folder: "documents", MaxSize: 1 << 20}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("Check: %v\n(-got +want)\n%s", err, diff)
	}
}

func TestCheckRefuses(t *testing.T) {
	notSHA256 := func(value string) upload.Error {
		return upload.Error{Code: api.InvalidRequest, Message: fmt.Sprintf("checksum %q is not a SHA-256: must be its 32 bytes in base64, 44 characters", value)}
	}
	for _, test := range []struct {
		name   string
		change func(*api.UploadRequest)
		want   upload.Error
	}{
		{"filename", func(r *api.UploadRequest) { r.Filename = "" }, upload.Error{Code: api.InvalidRequest, Message: `filename "" is empty: must be 1 to 255 characters of UTF-8 without control characters, / and \`}},
		{"format", func(r *api.UploadRequest) { r.Filename = "a.svg" }, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "a.svg" is not supported: must be one of mov, mp4, pdf`}},
		{"type", func(r *api.UploadRequest) { r.Type = new("x/y") }, upload.Error{Code: api.UnsupportedMediaType, Message: `type "x/y" does not fit filename "a.pdf": must be application/pdf`}},
		{"title", func(r *api.UploadRequest) { r.Title = new("\n") }, upload.Error{Code: api.InvalidRequest, Message: `title "\n" has a control character: must be at most 300 characters of UTF-8 without control characters`}},
		{"empty checksum", func(r *api.UploadRequest) { r.Checksum = new("") }, notSHA256("")},
		{"checksum without padding", func(r *api.UploadRequest) { r.Checksum = new(checksum[:43]) }, notSHA256(checksum[:43])},
		{"checksum of 33 bytes", func(r *api.UploadRequest) { r.Checksum = new("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0A") }, notSHA256("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0A")},
		{"checksum of 31 bytes", func(r *api.UploadRequest) { r.Checksum = new("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFQ==") }, notSHA256("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFQ==")},
		{"checksum with spare bits", func(r *api.UploadRequest) { r.Checksum = new(checksum[:42] + "1=") }, notSHA256(checksum[:42] + "1=")},
		{"checksum with newline", func(r *api.UploadRequest) { r.Checksum = new(checksum + "\n") }, notSHA256(checksum + "\n")},
		{"largest object of the folder", func(r *api.UploadRequest) { r.Size = 1<<20 + 1 }, upload.Error{Code: api.PayloadTooLarge, Message: "size is 1048577 bytes: must be 1 to 1048576, the largest object of the folder"}},
		{"what is left", func(r *api.UploadRequest) { r.Filename, r.Size = "a.mp4", 1<<29+1 }, upload.Error{Code: api.PayloadTooLarge, Message: "size is 536870913 bytes: must be 1 to 536870912, what is left of the quota less the 5 bytes of filename and title", Quota: true}},
		{"what title and name leave", func(r *api.UploadRequest) { r.Filename, r.Title, r.Size = "a.mp4", new("Ü"), 1<<29-1 }, upload.Error{Code: api.PayloadTooLarge, Message: "size is 536870911 bytes: must be 1 to 536870910, what is left of the quota less the 7 bytes of filename and title", Quota: true}},
	} {
		declared := api.UploadRequest{Filename: "a.pdf", Size: 1}
		test.change(&declared)
		format, err := upload.Check(declared, table, upload.Limits{
			User: 1 << 30, Quota: 1 << 30, Remaining: 1<<29 + 5, FileQuota: 1, RemainingFiles: 1,
		})
		var got *upload.Error
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, %v, want an upload.Error", test.name, format, err)
		} else if diff := cmp.Diff(*got, test.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.name, diff)
		}
	}
}

func TestTransport(t *testing.T) {
	const gib = 1 << 30
	for _, test := range []struct {
		via  *string
		size int64
		want string // method, or the message of an Error
	}{
		{nil, 1, "PUT"},
		{nil, 5 * gib, "PUT"},
		{nil, 5*gib + 1, "MULTIPART"},
		{new("form"), 5 * gib, "POST"},
		{new("put"), 5 * gib, "PUT"},
		{new("multipart"), 1, "MULTIPART"},
		{new("multipart"), 6 * gib, "MULTIPART"},
		{new("form"), 5*gib + 1, `via "form" does not fit size 5368709121: it goes to 5368709120 bytes, must be multipart`},
		{new("put"), 5*gib + 1, `via "put" does not fit size 5368709121: it goes to 5368709120 bytes, must be multipart`},
		{new(""), 1, `via "" is not known: must be one of form, put, multipart`},
		{new("PUT"), 1, `via "PUT" is not known: must be one of form, put, multipart`},
	} {
		got, err := upload.ChooseMethod(test.via, test.size)
		var refusal *upload.Error
		if errors.As(err, &refusal) && refusal.Code == api.InvalidRequest {
			got = refusal.Message
		}
		if got != test.want {
			t.Errorf("got %s, %v, want %s", got, err, test.want)
		}
	}
}

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
		{"longest name", upload.File{Name: new(strings.Repeat("🎬", 251) + ".pdf")}, pdf},
		{"type", upload.File{Type: new("application/pdf")}, pdf},
		{"type, upper case", upload.File{Type: new("Application/PDF")}, pdf},
		{"both", upload.File{Name: new("clip.Mp4"), Type: new("VIDEO/mp4")}, mp4},
		{"type with parameter", upload.File{Type: new("application/pdf; version=1.7")}, pdf},
		{"type by another name", upload.File{Type: new("application/x-pdf")}, pdf},
		{"type that a sibling is called by", upload.File{Type: new("video/x-m4v")}, mp4},
		{"type that says nothing", upload.File{Type: new("")}, mp4},
		{"both, a type that says nothing", upload.File{Name: new("a.pdf"), Type: new("application/octet-stream")}, pdf},
		{"both, an empty type", upload.File{Name: new("a.pdf"), Type: new("")}, pdf},
		{"both, by another name", upload.File{Name: new("a.mp4"), Type: new("video/x-m4v;codecs=avc1")}, mp4},
	} {
		got, err := test.file.Format(table)
		if diff := cmp.Diff(got, test.want); err != nil || diff != "" {
			t.Errorf("%s: %v\n(-got +want)\n%s", test.name, err, diff)
		}
	}
}

func TestFormatRefuses(t *testing.T) {
	const (
		names      = ": must be 1 to 255 characters of UTF-8 without control characters, / and \\"
		extensions = " is not supported: must be one of mov, mp4, pdf"
		types      = " is not supported: must be one of application/pdf, video/mp4, video/quicktime"
	)
	long := strings.Repeat("é", 256)
	for _, test := range []struct {
		name string
		file upload.File
		want upload.Error
	}{
		{"empty name", upload.File{Name: new("")}, upload.Error{Code: api.InvalidRequest, Message: `filename "" is empty` + names}},
		{"long name", upload.File{Name: &long}, upload.Error{Code: api.InvalidRequest, Message: `filename "` + long[:64] + `"… has 256 characters` + names}},
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
		{"other type", upload.File{Type: new("text/html")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "text/html"` + types}},
		{"other type with parameter", upload.File{Type: new("text/html; x=video/mp4")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "text/html; x=video/mp4"` + types}},
		{"type with CR/LF", upload.File{Type: new("video/mp4\r\nx")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/mp4\r\nx"` + types}},
		{"type not UTF-8", upload.File{Type: new("video/mp4\xff")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/mp4\xff"` + types}},
		{"type does not fit", upload.File{Name: new("a.mov"), Type: new("video/webm")}, upload.Error{Code: api.UnsupportedMediaType, Message: `type "video/webm" does not fit filename "a.mov": must be video/quicktime`}},
	} {
		format, err := test.file.Format(table)
		var got *upload.Error
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, %v, want an upload.Error", test.name, format, err)
		} else if diff := cmp.Diff(*got, test.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.name, diff)
		}
	}
}

func TestFormatOfNothingWithoutMP4(t *testing.T) {
	_, err := upload.File{}.Format(contract.Folders{"documents": table["documents"]})
	var got *upload.Error
	if !errors.As(err, &got) || got.Code != api.InvalidRequest {
		t.Errorf("got %v, want an error of code %s", err, api.InvalidRequest)
	}
}

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
		if !strings.HasSuffix(strings.ToLower(name), "."+format.Extension) || !formats.Accepts(format.ContentType, contentType) {
			t.Errorf("%q, %q: got %+v", name, contentType, format)
		}
		if table[format.Folder].Formats[format.Extension] != format.ContentType {
			t.Errorf("%q, %q: got %+v, which is not in the table", name, contentType, format)
		}
	})
}

var table = contract.Folders{
	"videos":    {MaxSize: 5 << 30, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
	"documents": {MaxSize: 1 << 20, Formats: map[string]string{"pdf": "application/pdf"}},
}
