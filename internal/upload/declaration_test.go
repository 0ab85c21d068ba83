package upload_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

const checksum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

func TestCheck(t *testing.T) {
	got, err := upload.Check(api.UploadRequest{
		Filename: "REPORT.pdf", Size: 1 << 20, Type: new("Application/PDF"), Title: new("Q1"), Checksum: new(checksum), Via: new("fax"),
	}, formats, upload.Limits{Folder: 1, User: 1 << 20, Quota: 1 << 20, Remaining: 1 << 20})
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
		{"filename", func(r *api.UploadRequest) { r.Filename = "" }, upload.Error{Code: api.InvalidRequest, Message: `filename "" is empty: must be 1 to 255 bytes of UTF-8 without control characters, / and \`}},
		{"format", func(r *api.UploadRequest) { r.Filename = "a.svg" }, upload.Error{Code: api.UnsupportedMediaType, Message: `extension of filename "a.svg" is not supported: must be one of mov, mp4, pdf`}},
		{"type", func(r *api.UploadRequest) { r.Type = new("") }, upload.Error{Code: api.UnsupportedMediaType, Message: `type "" does not fit filename "a.pdf": must be application/pdf`}},
		{"title", func(r *api.UploadRequest) { r.Title = new("\n") }, upload.Error{Code: api.InvalidRequest, Message: `title "\n" has a control character: must be at most 300 characters of UTF-8 without control characters`}},
		{"empty checksum", func(r *api.UploadRequest) { r.Checksum = new("") }, notSHA256("")},
		{"checksum without padding", func(r *api.UploadRequest) { r.Checksum = new(checksum[:43]) }, notSHA256(checksum[:43])},
		{"checksum of 33 bytes", func(r *api.UploadRequest) { r.Checksum = new("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0A") }, notSHA256("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0A")},
		{"checksum of 31 bytes", func(r *api.UploadRequest) { r.Checksum = new("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFQ==") }, notSHA256("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFQ==")},
		{"checksum with spare bits", func(r *api.UploadRequest) { r.Checksum = new(checksum[:42] + "1=") }, notSHA256(checksum[:42] + "1=")},
		{"checksum with newline", func(r *api.UploadRequest) { r.Checksum = new(checksum + "\n") }, notSHA256(checksum + "\n")},
		{"largest object of the folder", func(r *api.UploadRequest) { r.Size = 1<<20 + 1 }, upload.Error{Code: api.PayloadTooLarge, Message: "size is 1048577 bytes: must be 1 to 1048576, the largest object of the folder"}},
		{"what is left", func(r *api.UploadRequest) { r.Filename, r.Size = "a.mp4", 1<<29+1 }, upload.Error{Code: api.PayloadTooLarge, Message: "size is 536870913 bytes: must be 1 to 536870912, what is left of the quota"}},
	} {
		declared := api.UploadRequest{Filename: "a.pdf", Size: 1}
		test.change(&declared)
		format, err := upload.Check(declared, formats, upload.Limits{User: 1 << 30, Quota: 1 << 30, Remaining: 1 << 29})
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
		{nil, 1, "POST"},
		{nil, 5 * gib, "POST"},
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
