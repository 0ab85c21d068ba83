package lifecycle_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// A diary notes what a deletion does, in order, and can fail at one of it.
type diary struct {
	lifecycle.Records
	bucket *versionedBucket
	notes  []string
	fail   string
}

func (d *diary) note(what string) error {
	d.notes = append(d.notes, what)
	if what == d.fail {
		return errFault
	}
	return nil
}

func (d *diary) MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (upload.Record, error) {
	if err := d.note("mark deleted"); err != nil {
		return upload.Record{}, err
	}
	return d.Records.MarkDeleted(ctx, record, expires)
}

func (d *diary) Inspect(_ context.Context, key string) error { return d.note("queue " + key) }

func (d *diary) AbortUploads(_ context.Context, key string) error { return d.note("abort " + key) }

func (d *diary) Versions(ctx context.Context, key string) ([]upload.Version, error) {
	return d.bucket.Versions(ctx, key)
}

func (d *diary) Remove(ctx context.Context, key string, versionIDs ...string) error {
	for _, id := range versionIDs {
		if err := d.note("remove " + id); err != nil {
			return err
		}
		if err := d.bucket.Remove(ctx, key, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) diary(fail string) (*diary, *lifecycle.Deletion) {
	d := &diary{Records: s.records, bucket: s.bucket, fail: fail}
	return d, &lifecycle.Deletion{Records: d, Objects: d, Queue: d, Now: func() time.Time { return now }}
}

func (s *stage) record(t *testing.T) upload.Record {
	t.Helper()
	record, found, err := s.records.Record(t.Context(), owner, id)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return upload.Record{Owner: owner, ID: id, Key: key}
	}
	return record
}

func TestDelete(t *testing.T) {
	queue, abort := "queue "+key, "abort "+key
	s := newStage()
	s.inspect(t, arrival(s.bucket.put(key, object(60, 100, fitting))))
	s.bucket.put(key, object(60, 100, fitting))
	s.bucket.mark(key)
	for _, test := range []struct {
		name, fail string
		there      bool
		notes      []string
	}{
		{"aborting fails", abort, false, []string{abort}},
		{"the queue fails", queue, false, []string{abort, "mark deleted", queue}},
		{"removing fails", "remove v2", true, []string{abort, queue, "remove v1", "remove v2"}},
		{"goes on", "", true, []string{abort, queue, "remove v2", "remove m3"}},
		{"again, not published", "", true, []string{abort, queue}},
	} {
		diary, deletion := s.diary(test.fail)
		there, err := deletion.Delete(t.Context(), s.record(t))
		if there != test.there || (err != nil) != (test.fail != "") {
			t.Errorf("%s: Delete = %t, %v, want %t", test.name, there, err, test.there)
		}
		if got, want := strings.Join(diary.notes, ", "), strings.Join(test.notes, ", "); got != want {
			t.Errorf("%s: got %s, want %s", test.name, got, want)
		}
	}
	s.check(t, "not published", "deleted v1, used 0 in 0, map[]")
	s.inspect(t, arrival(""))
	diary, deletion := s.diary("")
	if there, err := deletion.Delete(t.Context(), s.record(t)); there || err != nil || len(diary.notes) > 0 {
		t.Errorf("published: Delete = %t, %v after %v, want nothing", there, err, diary.notes)
	}
}

func TestDeleteWithoutARecord(t *testing.T) {
	s := newStage()
	s.bucket.put(key, object(60, 100, fitting))
	_, deletion := s.diary("")
	if there, err := deletion.Delete(t.Context(), s.record(t)); !there || err != nil {
		t.Errorf("Delete = %t, %v, want true", there, err)
	}
	s.check(t, "end", "deleted, used 0 in 0, map[]")
	if record := s.record(t); !record.Expires.Equal(now.Add(22 * 24 * time.Hour)) {
		t.Errorf("expires %v", record.Expires)
	}
}

// What was read may have changed since: a record has come, is another, or has gone.
func TestDeleteOfWhatHasChanged(t *testing.T) {
	title := "longer"
	for name, change := range map[string]func(*testing.T, *stage){
		"accepted in the meantime": func(t *testing.T, s *stage) { s.inspect(t, arrival("v1")) },
		"patched in the meantime": func(t *testing.T, s *stage) {
			if _, err := s.records.Patch(t.Context(), s.record(t), upload.Patch{Title: &title}, 100); err != nil {
				t.Fatal(err)
			}
		},
		"forgotten in the meantime": func(_ *testing.T, s *stage) { s.table.remove(owner, id) },
		"deleted in the meantime":   func(_ *testing.T, s *stage) { s.mustMarkDeleted() },
	} {
		s := newStage()
		s.bucket.put(key, object(60, 100, fitting))
		if !strings.HasPrefix(name, "accepted") {
			s.mustInspect()
		}
		read := s.record(t)
		change(t, s)
		_, deletion := s.diary("")
		if there, err := deletion.Delete(t.Context(), read); !there || err != nil {
			t.Errorf("%s: Delete = %t, %v, want true", name, there, err)
		}
		if record := s.record(t); record.Status != upload.Deleted || len(s.bucket.tags(key)) > 0 {
			t.Errorf("%s: %s", name, s.state(t))
		}
	}
}

func TestDeleteGivesUp(t *testing.T) {
	s := newStage()
	s.bucket.put(key, object(60, 100, fitting))
	s.mustInspect()
	deletion := s.deletion(alwaysNew{s.records})
	if there, err := deletion.Delete(t.Context(), upload.Record{Owner: owner, ID: id, Key: key}); there || !errors.Is(err, upload.ErrChanged) {
		t.Errorf("Delete = %t, %v, want ErrChanged", there, err)
	}
	s.check(t, "end", "ready v1 published, used 66 in 1, map[v1:ready]")
}
