package lifecycle_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// guestFile puts the nth file of a guest into the bucket, and returns its arrival.
func (s *stage) guestFile(n byte, link upload.LinkLimits, content string) lifecycle.Arrival {
	a := arrival("")
	a.ID = granted(owner, n)
	a.Key = "videos/" + owner + "/" + a.ID
	o := object(60, 0, content)
	o.Metadata = sealed(a.Key, upload.Declared{Quota: 10_000, Files: 100, Size: 60, Filename: "f.mp4", Guest: "Ann", Link: link})
	a.VersionID = s.bucket.put(a.Key, o)
	return a
}

func linkLimits(t *testing.T, count, total int64) upload.LinkLimits {
	t.Helper()
	link, _, err := derived(owner).NewLink(owner, upload.Link{Count: count, Total: total, Made: now.UnixMilli()}, now.Add(time.Hour), bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return link.Limits()
}

func TestFilesOfAGuest(t *testing.T) {
	for _, test := range []struct {
		name         string
		count, total int64
		contents     []string
		before       func(*testing.T, *stage, upload.LinkLimits)
		want         []upload.Reason
	}{
		{"count", 2, 0, []string{fitting, fitting, fitting}, nil, []upload.Reason{"", "", upload.LinkUsedUp}},
		{"total", 9, 130, []string{fitting, fitting, fitting}, nil, []upload.Reason{"", "", upload.LinkUsedUp}},
		{"one that is rejected leaves its place", 1, 0, []string{foreign, fitting, fitting}, nil, []upload.Reason{upload.TypeMismatch, "", upload.LinkUsedUp}},
		{
			"revoked", 2, 0,
			[]string{fitting},
			func(t *testing.T, s *stage, link upload.LinkLimits) {
				if err := s.records.RevokeLink(t.Context(), owner, link.ID); err != nil {
					t.Fatal(err)
				}
			},
			[]upload.Reason{upload.LinkRevoked},
		},
		{
			"all revoked", 2, 0,
			[]string{fitting},
			func(t *testing.T, s *stage, _ upload.LinkLimits) {
				if err := s.records.RevokeLinks(t.Context(), owner, now); err != nil {
					t.Fatal(err)
				}
			},
			[]upload.Reason{upload.LinkRevoked},
		},
		{
			"made after all were revoked", 2, 0,
			[]string{fitting},
			func(t *testing.T, s *stage, _ upload.LinkLimits) {
				if err := s.records.RevokeLinks(t.Context(), owner, now.Add(-time.Millisecond)); err != nil {
					t.Fatal(err)
				}
			},
			[]upload.Reason{""},
		},
	} {
		s, link := newStage(), linkLimits(t, test.count, test.total)
		if test.before != nil {
			test.before(t, s, link)
		}
		var got []upload.Reason
		var counted upload.Usage
		for n, content := range test.contents {
			a := s.guestFile(byte(n), link, content)
			for range 2 { // every message may come again
				s.inspect(t, a)
			}
			record, found, err := s.records.Record(t.Context(), owner, a.ID)
			if err != nil || !found || record.Guest != "Ann" || record.Link != link.ID {
				t.Fatalf("%s: file %d: %+v, %t, %v", test.name, n, record, found, err)
			}
			got = append(got, record.Reason)
			counted.Bytes, counted.Files = counted.Bytes+record.Counted, counted.Files+record.Files
			refused := record.Reason == upload.LinkUsedUp || record.Reason == upload.LinkRevoked
			if versions, _ := s.bucket.Versions(t.Context(), a.Key); refused != (len(versions) == 0) || refused == record.Expires.IsZero() || refused != record.IsRefused() {
				t.Errorf("%s: file %d, %s: %d versions, expires %s", test.name, n, record.Reason, len(versions), record.Expires)
			}
		}
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.name, diff)
		}
		if used, err := s.records.Usage(t.Context(), owner); err != nil || used != counted {
			t.Errorf("%s: the owner's usage is %+v, %v, want %+v", test.name, used, err, counted)
		}
		for _, event := range *s.heard {
			if event.Guest != "Ann" || event.Link != link.ID || event.Filename != "" {
				t.Errorf("%s: event %+v", test.name, event)
			}
		}
	}
}
