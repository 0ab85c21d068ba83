package upload_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"postern/api"
	"postern/internal/upload"
)

func TestView(t *testing.T) {
	granted := time.UnixMilli(0x0190f3b2c4d5).UTC()
	whole := upload.Record{
		Owner: "0123456789abcdef0123", ID: id, Key: "videos/0123456789abcdef0123/" + id, VersionID: "v", Status: upload.Rejected,
		Reason: upload.SizeMismatch, Size: 7, Type: "video/mp4", Detected: "video/quicktime", ETag: `"e"`, Checksum: checksum, Filename: "a.mp4",
		Title: "t", Description: "d", Labels: []string{"l"}, Counted: 7, Version: 3, Announced: true,
	}
	view := api.Upload{
		ID: id, Status: "rejected", Reason: "size_mismatch", Filename: "a.mp4", Title: "t", Description: "d", Labels: []string{"l"},
		Type: "video/mp4", Detected: "video/quicktime", Size: 7, Checksum: checksum, CreatedAt: api.Time{Time: granted}, Version: 3,
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

func TestNewIDIsTheExampleOfRFC9562(t *testing.T) {
	// RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F, 2022-02-22 14:22:22.00 -05:00.
	random, err := hex.DecodeString("fcc3" + "d8c4dc0c0c07398f") // version and variant are overwritten
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2022, 2, 22, 14, 22, 22, 0, time.FixedZone("", -5*60*60))
	got, err := upload.NewID(now, bytes.NewReader(random), "mp4")
	if want := "017f22e279b07cc398c4dc0c0c07398f.mp4"; err != nil || got != want {
		t.Errorf("NewID = %s, %v, want %s", got, err, want)
	}
}

func TestNewIDIsAnIDAndAUUID(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_123)
	id, err := upload.NewID(now, strings.NewReader("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"), "webm")
	if err != nil || !api.IsID(id) {
		t.Fatalf("NewID = %s, %v, want an id", id, err)
	}
	u, err := uuid.Parse(id[:32])
	if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 {
		t.Errorf("version %v, variant %v, %v, want 7 of RFC 4122", u.Version(), u.Variant(), err)
	}
	if sec, nsec := u.Time().UnixTime(); !time.Unix(sec, nsec).Equal(now) {
		t.Errorf("time %v, want %v", time.Unix(sec, nsec), now)
	}
}

func TestNewIDSortsByTime(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_255)
	earlier, err1 := upload.NewID(now, strings.NewReader(strings.Repeat("\xff", 10)), "mp4")
	later, err2 := upload.NewID(now.Add(time.Millisecond), strings.NewReader(strings.Repeat("\x00", 10)), "mp4")
	if err1 != nil || err2 != nil || earlier >= later {
		t.Errorf("%s, %v is not before %s, %v", earlier, err1, later, err2)
	}
}

func TestNewIDFails(t *testing.T) {
	broken := errors.New("no randomness")
	if _, err := upload.NewID(time.Time{}, iotest.ErrReader(broken), "mp4"); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	for _, extension := range []string{"", ".mp4", "MP4", "m/p", "morethan8"} {
		if id, err := upload.NewID(time.Time{}, strings.NewReader("0123456789"), extension); err == nil {
			t.Errorf("extension %q: got %s, want an error", extension, id)
		}
	}
}

func TestGrantedAt(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_123).UTC()
	id, err := upload.NewID(now, strings.NewReader("0123456789"), "mp4")
	if err != nil {
		t.Fatal(err)
	}
	if got := upload.GrantedAt(id); !got.Equal(now) || got.Location() != time.UTC {
		t.Errorf("GrantedAt(%s) = %v, want %v", id, got, now)
	}
}
