package upload_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

func TestView(t *testing.T) {
	granted := time.UnixMilli(0x0190f3b2c4d5).UTC()
	whole := upload.Record{
		Owner: "0123456789abcdef0123", ID: id, Key: "videos/0123456789abcdef0123/" + id, VersionID: "v", Status: upload.Rejected,
		Reason: upload.SizeMismatch, Size: 7, Type: "video/mp4", Detected: "video/quicktime", ETag: `"e"`, Checksum: checksum, Filename: "a.mp4",
		Title: "t", Description: "d", Labels: []string{"l"}, Counted: 7, Version: 3, Published: true,
	}
	view := api.Upload{
		ID: id, Status: "rejected", Reason: "size_mismatch", Filename: "a.mp4", Title: "t", Description: "d", Labels: []string{"l"},
		Type: "video/mp4", Detected: "video/quicktime", Size: 7, Checksum: checksum, ChecksumAlgorithm: "SHA256", CreatedAt: api.Time{Time: granted}, Version: 3,
	}
	if diff := cmp.Diff(whole.View(), view); diff != "" {
		t.Errorf("rejected (-got +want)\n%s", diff)
	}
	for _, test := range []struct {
		status upload.Status
		want   string
	}{{"", "waiting"}, {upload.Accepted, "waiting"}, {upload.Ready, "ready"}} {
		whole.Status, view.Status, view.Reason = test.status, test.want, ""
		if view.Detected = "video/quicktime"; test.want == "waiting" {
			view.Detected = ""
		}
		if diff := cmp.Diff(whole.View(), view); diff != "" {
			t.Errorf("%q (-got +want)\n%s", test.status, diff)
		}
	}
}

func TestShownAlgorithm(t *testing.T) {
	for _, test := range []struct{ checksum, algorithm, want string }{
		{"", "", ""},
		{checksum, "", "SHA256"},
		{checksum, "SHA256", "SHA256"},
		{"rosUhgp5mIg=", "CRC64NVME", "CRC64NVME"},
	} {
		view := upload.Record{ID: id, Checksum: test.checksum, ChecksumAlgorithm: test.algorithm}.View()
		if view.Checksum != test.checksum || view.ChecksumAlgorithm != test.want {
			t.Errorf("%+v: got %s %s", test, view.ChecksumAlgorithm, view.Checksum)
		}
	}
}

func TestDownloadType(t *testing.T) {
	for _, test := range []struct {
		record upload.Record
		want   string
	}{
		{upload.Record{Type: "video/mp4", Detected: "video/quicktime"}, "video/quicktime"},
		{upload.Record{Type: "video/mp4"}, "video/mp4"},
	} {
		if got := test.record.DownloadType(); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.record, got, test.want)
		}
	}
}
