package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
	"postern/internal/lifecycle"
	"postern/internal/records"
	"postern/internal/upload"
)

const (
	owner  = "0123456789abcdef0123"
	secret = "0123456789abcdef0123456789abcdef"
)

var (
	id  = granted(owner, 1)
	key = "videos/" + owner + "/" + id
)

// ownerKey is the stage's secret.
func ownerKey(context.Context) ([]byte, error) { return []byte(secret), nil }

// derived is an owner's key.
func derived(owner string) upload.DerivedKey {
	key, err := upload.DeriveKey([]byte(secret), owner)
	if err != nil {
		panic(err)
	}
	return key
}

// granted is an owner's nth id.
func granted(owner string, n byte) string {
	id, err := derived(owner).NewID(time.UnixMilli(0), bytes.NewReader([]byte{0, 0, 0, n}), "mp4")
	if err != nil {
		panic(err)
	}
	return id
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// A stage is an inspector with a table, a bucket and what it tells others.
type stage struct {
	*lifecycle.Inspector
	table   *table
	records *records.Uploads
	bucket  *versionedBucket
	heard   *[]upload.Event
	log     *bytes.Buffer
}

func newStage() *stage {
	table, log, heard := newTable(), new(bytes.Buffer), new([]upload.Event)
	s := &stage{table: table, records: table.uploads(), bucket: newVersionedBucket(), heard: heard, log: log}
	s.Inspector = s.inspector(s.records, s.bucket, listener{heard})
	return s
}

func (s *stage) inspector(records lifecycle.Records, objects lifecycle.Objects, events lifecycle.Events) *lifecycle.Inspector {
	return &lifecycle.Inspector{
		Records: records, Objects: objects, Events: events,
		OwnerKey: ownerKey, Check: check, Folders: folders, Now: func() time.Time { return now }, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
	}
}

// deletion deletes what the stage has. Its queue keeps nothing.
func (s *stage) deletion(records lifecycle.Records) *lifecycle.Deletion {
	return &lifecycle.Deletion{Records: records, Objects: s.bucket, Queue: noQueue{}, Now: func() time.Time { return now }}
}

type listener struct{ heard *[]upload.Event }

func (l listener) Publish(_ context.Context, event upload.Event) error {
	*l.heard = append(*l.heard, event)
	return nil
}

type noQueue struct{}

func (noQueue) Inspect(context.Context, string) error { return nil }

// arrival is that of a version of key, or of the key if versionID is empty.
func arrival(versionID string) lifecycle.Arrival {
	return lifecycle.Arrival{Key: key, Owner: owner, ID: id, VersionID: versionID}
}

func (s *stage) inspect(t *testing.T, arrivals ...lifecycle.Arrival) {
	t.Helper()
	for _, a := range arrivals {
		if err := s.Inspect(t.Context(), a); err != nil {
			t.Errorf("Inspect(%+v): %v", a, err)
		}
	}
}

// state is all that there is of key.
func (s *stage) state(t *testing.T) string {
	t.Helper()
	record, found, err := s.records.Record(t.Context(), owner, id)
	if err != nil {
		t.Fatal(err)
	}
	used, err := s.records.Usage(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	kept := "no record"
	if found {
		kept = strings.Join(strings.Fields(fmt.Sprint(record.Status, " ", record.Reason, " ", record.VersionID)), " ")
		if record.Published {
			kept += " published"
		}
	}
	return fmt.Sprintf("%s, used %d in %d, %v", kept, used.Bytes, used.Files, s.bucket.tags(key))
}

func (s *stage) check(t *testing.T, name, want string) {
	t.Helper()
	if got := s.state(t); got != want {
		t.Errorf("%s: got %s, want %s", name, got, want)
	}
}

func TestParseArrival(t *testing.T) {
	if got, ok := lifecycle.ParseArrival(key, "v1"); !ok || got != arrival("v1") {
		t.Errorf("ParseArrival = %+v, %t", got, ok)
	}
	for _, foreign := range []string{"", "x", "videos/" + owner, key + "/x", "/" + key, "videos/" + owner + "/usage", "../" + owner + "/" + id} {
		if _, ok := lifecycle.ParseArrival(foreign, "v1"); ok {
			t.Errorf("ParseArrival accepts %q", foreign)
		}
	}
}

// forgotten is when the record of an upload over quota that arrives now may be removed.
var forgotten = now.Add(22 * 24 * time.Hour)

func TestInspectJudges(t *testing.T) {
	signed := upload.Declared{Quota: 100, Size: 60, Filename: "f.mp4", Title: "t"}
	with := func(change func(*upload.Object)) upload.Object {
		o := upload.Object{
			Size: 60, Type: "video/mp4", ETag: `"e"`, Checksum: "c", ChecksumAlgorithm: "CRC64NVME", Metadata: sealed(key, signed), Content: strings.NewReader(fitting),
		}
		change(&o)
		return o
	}
	of := func(change func(*upload.Record)) upload.Record {
		r := upload.Record{
			Owner: owner, ID: id, Key: key, VersionID: "v1", Status: upload.Rejected, Size: 60, Counted: 66, Files: 1,
			Type: "video/mp4", Detected: "video/mp4", ETag: `"e"`, Checksum: "c", ChecksumAlgorithm: "CRC64NVME", Filename: "f.mp4", Title: "t", Version: 2, Published: true,
		}
		change(&r)
		return r
	}
	for _, test := range []struct {
		name   string
		object upload.Object
		want   upload.Record
		tag    string // empty: the version is removed
	}{
		{"fits", with(func(*upload.Object) {}), of(func(r *upload.Record) { r.Status = upload.Ready }), "ready"},
		{
			"fits, its size not declared",
			with(func(o *upload.Object) { o.Metadata = sealed(key, upload.Declared{Quota: 60, Files: 1}) }),
			of(func(r *upload.Record) { r.Status, r.Filename, r.Title, r.Counted = upload.Ready, "", "", 60 }), "ready",
		},
		{
			"another content", with(func(o *upload.Object) { o.Content = strings.NewReader(foreign) }),
			of(func(r *upload.Record) { r.Reason, r.Detected = upload.TypeMismatch, "text/html" }), "rejected",
		},
		{
			"another content type", with(func(o *upload.Object) { o.Type = "text/html" }),
			of(func(r *upload.Record) { r.Reason = upload.TypeMismatch }), "rejected",
		},
		{
			"a content encoding", with(func(o *upload.Object) { o.Encoding = "gzip" }),
			of(func(r *upload.Record) { r.Reason = upload.TypeMismatch }), "rejected",
		},
		{
			"smaller than declared", with(func(o *upload.Object) { o.Size = 59 }),
			of(func(r *upload.Record) { r.Reason, r.Detected, r.Size, r.Counted = upload.SizeMismatch, "", 59, 65 }), "rejected",
		},
		{
			"larger than declared", with(func(o *upload.Object) { o.Size = 61 }),
			of(func(r *upload.Record) { r.Reason, r.Detected, r.Size, r.Counted = upload.SizeMismatch, "", 61, 67 }), "rejected",
		},
		{
			"unsigned, over any quota", with(func(o *upload.Object) { o.Metadata, o.Size = map[string]string{"title": "dA"}, 1<<40 }),
			of(func(r *upload.Record) {
				r.Reason, r.Detected, r.Size, r.Counted, r.Filename, r.Title = upload.Unsigned, "", 1<<40, 1<<40, "", ""
			}), "rejected",
		},
		{
			"metadata of another object", with(func(o *upload.Object) { o.Metadata = sealed("videos/"+owner+"/"+granted(owner, 2), signed) }),
			of(func(r *upload.Record) {
				r.Reason, r.Detected, r.Filename, r.Title, r.Counted = upload.Unsigned, "", "", "", 60
			}), "rejected",
		},
		{
			"metadata of another owner", with(func(o *upload.Object) { o.Metadata = sealed("videos/1"+owner[1:]+"/"+id, signed) }),
			of(func(r *upload.Record) {
				r.Reason, r.Detected, r.Filename, r.Title, r.Counted = upload.Unsigned, "", "", "", 60
			}), "rejected",
		},
		{
			"metadata in clear", with(func(o *upload.Object) { o.Metadata = map[string]string{"quota": "100", "size": "60"} }),
			of(func(r *upload.Record) {
				r.Reason, r.Detected, r.Filename, r.Title, r.Counted = upload.Unsigned, "", "", "", 60
			}), "rejected",
		},
		{
			"over quota", with(func(o *upload.Object) { o.Size, o.Metadata = 101, sealed(key, upload.Declared{Quota: 100}) }),
			of(func(r *upload.Record) {
				r.Reason, r.Size, r.Counted, r.Files, r.Filename, r.Title, r.Expires = upload.OverQuota, 101, 0, 0, "", "", forgotten
			}), "",
		},
		{
			"over quota by its texts", with(func(o *upload.Object) {
				o.Metadata = sealed(key, upload.Declared{Quota: 65, Files: 1, Size: 60, Filename: "f.mp4", Title: "t"})
			}),
			of(func(r *upload.Record) { r.Reason, r.Counted, r.Files, r.Expires = upload.OverQuota, 0, 0, forgotten }), "",
		},
		{
			"empty", with(func(o *upload.Object) { o.Size, o.Metadata = 0, sealed(key, upload.Declared{}) }),
			of(func(r *upload.Record) { r.Status, r.Size, r.Counted, r.Filename, r.Title = upload.Ready, 0, 0, "", "" }), "ready",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage()
			s.inspect(t, arrival(s.bucket.put(key, test.object)))
			got, _, err := s.records.Record(t.Context(), owner, id)
			if diff := cmp.Diff(got, test.want); err != nil || diff != "" {
				t.Errorf("record: %v (-got +want)\n%s", err, diff)
			}
			tags := map[string]string{}
			if test.tag != "" {
				tags["v1"] = test.tag
			}
			if diff := cmp.Diff(s.bucket.tags(key), tags); diff != "" {
				t.Errorf("versions (-got +want)\n%s", diff)
			}
			if used, err := s.records.Usage(t.Context(), owner); used != (upload.Usage{Bytes: test.want.Counted, Files: test.want.Files}) || err != nil {
				t.Errorf("usage %+v, %v, want %d bytes in %d files", used, err, test.want.Counted, test.want.Files)
			}
			told := test.want
			told.ETag, told.Filename, told.Title, told.Version, told.Published = "", "", "", 0, false
			told.Counted, told.Files, told.Expires = 0, 0, time.Time{}
			want := []upload.Event{{ID: owner + "/" + id + "/" + string(test.want.Status), Record: told}}
			if diff := cmp.Diff(*s.heard, want); diff != "" {
				t.Errorf("events (-got +want)\n%s", diff)
			}
		})
	}
}

// What the table had when it was signed, it may have no more.
func TestInspectWithoutARow(t *testing.T) {
	s := newStage()
	s.Folders = contract.Folders{"videos": {Formats: map[string]string{"mov": "video/mp4"}}}
	s.inspect(t, arrival(s.bucket.put(key, object(60, 100, fitting))))
	s.check(t, "mp4", "rejected type_mismatch v1 published, used 66 in 1, map[v1:rejected]")
	if record, _, err := s.records.Record(t.Context(), owner, id); record.Type != "application/octet-stream" || err != nil {
		t.Errorf("type %s, %v, want application/octet-stream", record.Type, err)
	}
}

func TestInspectVersions(t *testing.T) {
	type stages = func(t *testing.T, s *stage)
	put := func(_ *testing.T, s *stage) { s.bucket.put(key, object(60, 100, fitting)) }
	look := func(versionID string) stages {
		return func(t *testing.T, s *stage) { s.inspect(t, arrival(versionID)) }
	}
	together := func(versionIDs ...string) stages {
		return func(t *testing.T, s *stage) {
			var others []lifecycle.Arrival
			for _, id := range versionIDs[1:] {
				others = append(others, arrival(id))
			}
			if err := s.Inspect(t.Context(), arrival(versionIDs[0]), others...); err != nil {
				t.Errorf("Inspect(%q): %v", versionIDs, err)
			}
		}
	}
	remove := func(t *testing.T, s *stage) {
		record, _, err := s.records.Record(t.Context(), owner, id)
		if err != nil {
			t.Fatal(err)
		}
		record.Owner, record.ID, record.Key = owner, id, key
		if _, err := s.deletion(s.records).Delete(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	mark := func(_ *testing.T, s *stage) { s.bucket.mark(key) }
	const ready, none = "ready v1 published, used 66 in 1, map[v1:ready]", "no record, used 0 in 0, map[]"
	for _, test := range []struct {
		name    string
		stages  []stages
		want    string
		events  string // statuses that were published
		removed int    // versions that the log says were removed
	}{
		{"once", []stages{put, look("v1")}, ready, "ready", 0},
		{"twice", []stages{put, look("v1"), look("v1")}, ready, "ready", 0},
		{"a second version", []stages{put, put, look("v1"), look("v2")}, ready, "ready", 1},
		{"the second version first", []stages{put, put, look("v2"), look("v1")}, "ready v2 published, used 66 in 1, map[v2:ready]", "ready", 1},
		{"a key", []stages{put, look("")}, ready, "ready", 0},
		{"a key of several versions", []stages{put, put, put, look("")}, ready, "ready", 2},
		{"a key with a delete marker", []stages{mark, put, look("")}, "ready v2 published, used 66 in 1, map[v2:ready]", "ready", 0},
		{"a key that has its record", []stages{put, look("v1"), put, put, look("")}, ready, "ready", 2},
		{"a version that is gone", []stages{look("v1")}, none, "", 0},
		{"a key that is gone", []stages{look("")}, none, "", 0},
		{"a deleted one", []stages{put, look("v1"), remove, look("")}, "deleted v1 published, used 0 in 0, map[]", "ready deleted", 0},
		{"a deleted one, looked at twice", []stages{put, look("v1"), remove, look(""), look("v1")}, "deleted v1 published, used 0 in 0, map[]", "ready deleted", 1},
		{"bytes for a tombstone", []stages{put, look("v1"), remove, put, look("v2")}, "deleted v1 published, used 0 in 0, map[]", "ready deleted", 1},
		{"bytes for a tombstone without a record", []stages{remove, put, look("v1")}, "deleted published, used 0 in 0, map[]", "", 1},
		{"a key that is a tombstone", []stages{remove, look(""), put, put, mark, look("")}, "deleted published, used 0 in 0, map[]", "", 3},
		{"several together", []stages{put, put, put, together("v1", "v2", "v3")}, ready, "ready", 2},
		{"several together, the second first", []stages{put, put, together("v2", "v1")}, "ready v2 published, used 66 in 1, map[v2:ready]", "ready", 1},
		{"several together, the first gone", []stages{put, put, together("v0", "v1", "v2")}, ready, "ready", 1},
		{"several together, all gone", []stages{together("v1", "v2")}, none, "", 0},
		{"several together, the accepted one among them", []stages{put, look("v1"), put, put, together("v2", "v1", "v3")}, ready, "ready", 2},
		{"several together, and the key", []stages{put, put, put, together("v2", "", "v3")}, ready, "ready", 2},
		{"several together for a tombstone", []stages{put, look("v1"), remove, put, put, together("v2", "v3")}, "deleted v1 published, used 0 in 0, map[]", "ready deleted", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage()
			for _, stage := range test.stages {
				stage(t, s)
			}
			s.check(t, "end", test.want)
			var events []string
			for _, event := range *s.heard {
				events = append(events, string(event.Status))
			}
			if got := strings.Join(events, " "); got != test.events {
				t.Errorf("published %q, want %q", got, test.events)
			}
			if got := s.removed(t); got != test.removed {
				t.Errorf("%d versions removed, want %d, by the log\n%s", got, test.removed, s.log)
			}
		})
	}
}

// removed sums up how many versions the log says were removed.
func (s *stage) removed(t *testing.T) (sum int) {
	t.Helper()
	for line := range strings.Lines(s.log.String()) {
		var entry struct {
			Level, Msg, Owner, ID string
			Count                 int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Level == "WARN" && entry.Msg == "versions removed" && entry.Owner == owner && entry.ID == id {
			sum += entry.Count
		}
	}
	return sum
}

// calls counts what an inspection asks its stores for.
type calls struct {
	lifecycle.Records
	lifecycle.Objects
	reads, removals int
}

func (c *calls) Record(ctx context.Context, owner, id string) (upload.Record, bool, error) {
	c.reads++
	return c.Records.Record(ctx, owner, id)
}

func (c *calls) Remove(ctx context.Context, key string, versionIDs ...string) error {
	c.removals++
	return c.Objects.Remove(ctx, key, versionIDs...)
}

// Replays of one key cost as much as one: one read, one request that removes, one line in the log.
func TestInspectTogether(t *testing.T) {
	s := newStage()
	var arrivals []lifecycle.Arrival
	for range 10 {
		arrivals = append(arrivals, arrival(s.bucket.put(key, object(60, 100, fitting))))
	}
	s.inspect(t, arrivals[0])
	c := &calls{Records: s.records, Objects: s.bucket}
	inspector := s.inspector(c, c, listener{s.heard})
	s.log.Reset()
	if err := inspector.Inspect(t.Context(), arrivals[1], arrivals[2:]...); err != nil {
		t.Fatal(err)
	}
	s.check(t, "end", "ready v1 published, used 66 in 1, map[v1:ready]")
	if lines := strings.Count(s.log.String(), "\n"); c.reads != 1 || c.removals != 1 || lines != 1 || s.removed(t) != 9 {
		t.Errorf("%d reads, %d removals, want one of each, and one line that counts 9:\n%s", c.reads, c.removals, s.log)
	}
	other := arrivals[1]
	other.Key = "images" + strings.TrimPrefix(key, "videos")
	if err := inspector.Inspect(t.Context(), arrivals[1], other); err == nil || !strings.Contains(err.Error(), "must be of one key") {
		t.Errorf("arrivals of two keys: %v, want a refusal", err)
	}
}

// A record is used by its key: what has the same id in another folder is not its version.
func TestInspectOfAnotherFolder(t *testing.T) {
	s := newStage()
	s.inspect(t, arrival(s.bucket.put(key, object(60, 100, fitting))))
	elsewhere := arrival("")
	elsewhere.Key = "media/" + owner + "/" + id
	elsewhere.VersionID = s.bucket.put(elsewhere.Key, object(60, 100, fitting))
	s.inspect(t, elsewhere)
	s.check(t, "record", "ready v1 published, used 66 in 1, map[v1:ready]")
	if left := s.bucket.tags(elsewhere.Key); len(left) > 0 {
		t.Errorf("left elsewhere: %v", left)
	}
}

func TestExpire(t *testing.T) {
	for _, test := range []struct {
		name    string
		content string
		size    int64
		bucket  func(*versionedBucket)
		want    string
	}{
		{"a marker on a rejected one", foreign, 60, func(b *versionedBucket) { b.mark(key) }, "deleted type_mismatch v1 published, used 0 in 0, map[]"},
		{"a marker on one that is ready", fitting, 60, func(b *versionedBucket) { b.mark(key) }, "ready v1 published, used 66 in 1, map[v1:ready]"},
		{"a rejected one without a marker", foreign, 60, func(*versionedBucket) {}, "rejected type_mismatch v1 published, used 66 in 1, map[v1:rejected]"},
		{"a version is gone", fitting, 60, func(b *versionedBucket) { delete(b.keys, key) }, "deleted v1 published, used 0 in 0, map[]"},
		{"one over quota has no version", fitting, 101, func(b *versionedBucket) { b.mark(key) }, "rejected over_quota v1 published, used 0 in 0, map[]"},
	} {
		s := newStage()
		s.inspect(t, arrival(s.bucket.put(key, object(test.size, 100, test.content))))
		test.bucket(s.bucket)
		for range 2 {
			if err := s.Expire(t.Context(), arrival("m2")); err != nil {
				t.Errorf("%s: Expire: %v", test.name, err)
			}
			s.check(t, test.name, test.want)
		}
	}
	s := newStage()
	if err := s.Expire(t.Context(), arrival("v1")); err != nil {
		t.Errorf("Expire of nothing: %v", err)
	}
	s.check(t, "nothing", "no record, used 0 in 0, map[]")
}

// accept leaves an upload where a crash would, before its version is tagged.
func (s *stage) accept(t *testing.T, reason upload.Reason) {
	t.Helper()
	err := s.records.Accept(t.Context(), upload.Record{
		Owner: owner, ID: id, Key: key, VersionID: "v1", Status: upload.Accepted, Reason: reason, Size: 60, Counted: 60, Files: 1, Version: 1,
	}, upload.Usage{Bytes: 100, Files: 1})
	if err != nil {
		t.Fatal(err)
	}
}

// An accepted upload can lose its bytes before its verdict.
func TestAcceptedAndGone(t *testing.T) {
	s := newStage()
	s.accept(t, "")
	s.inspect(t, arrival("v1"))
	s.check(t, "the version is gone", "deleted v1 published, used 0 in 0, map[]")

	s = newStage()
	s.accept(t, upload.TypeMismatch)
	s.bucket.put(key, object(60, 100, foreign))
	if err := s.Expire(t.Context(), arrival(s.bucket.mark(key))); err != nil {
		t.Error(err)
	}
	s.check(t, "the version has expired", "deleted type_mismatch v1 published, used 0 in 0, map[]")
}

func TestTombstonesExpire(t *testing.T) {
	s := newStage()
	s.inspect(t, arrival(s.bucket.put(key, object(60, 100, fitting))))
	delete(s.bucket.keys, key)
	if err := s.Expire(t.Context(), arrival("v1")); err != nil {
		t.Fatal(err)
	}
	record, _, err := s.records.Record(t.Context(), owner, id)
	if want := time.Date(2026, 3, 26, 5, 6, 7, 0, time.UTC); !record.Expires.Equal(want) || err != nil {
		t.Errorf("expires %v, %v, want %v", record.Expires, err, want)
	}
}

func TestFaultsOfTheCheck(t *testing.T) {
	for _, test := range []struct {
		err  error
		want error
	}{{errFault, errFault}, {fmt.Errorf("reading: %w", upload.ErrGone), nil}} {
		s := newStage()
		s.Check = func(contract.Format, upload.Object) (upload.Finding, error) { return upload.Finding{}, test.err }
		if err := s.Inspect(t.Context(), arrival(s.bucket.put(key, object(60, 100, fitting)))); !errors.Is(err, test.want) {
			t.Errorf("Inspect: %v, want %v", err, test.want)
		}
		s.check(t, test.err.Error(), "no record, used 0 in 0, map[v1:]")
	}
}

// A record that changes without end is a fault, not a loop.
func TestChangesWithoutEnd(t *testing.T) {
	s := newStage()
	s.inspect(t)
	s.Inspector = s.inspector(alwaysNew{s.records}, s.bucket, listener{s.heard})
	s.bucket.put(key, object(60, math.MaxInt64, fitting))
	if err := s.Inspect(t.Context(), arrival("v1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Inspect(t.Context(), arrival("v1")); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("Inspect: %v, want ErrChanged", err)
	}
}

// alwaysNew never finds a record.
type alwaysNew struct{ lifecycle.Records }

func (alwaysNew) Record(context.Context, string, string) (upload.Record, bool, error) {
	return upload.Record{}, false, nil
}

func TestLogHoldsNothingOfClients(t *testing.T) {
	const planted, context = "planted", "order 1042"
	s := newStage()
	for _, content := range []string{fitting, planted} {
		o := object(60, 100, content)
		o.Type, o.Metadata = planted, sealed(key, upload.Declared{Quota: 100, Filename: planted + ".mp4", Title: planted, Context: context})
		s.inspect(t, arrival(s.bucket.put(key, o)))
	}
	if strings.Contains(s.log.String(), planted) || strings.Contains(s.log.String(), context) || !strings.Contains(s.log.String(), id) {
		t.Errorf("log %s", s.log)
	}
	if heard := fmt.Sprintf("%+v", *s.heard); strings.Contains(heard, planted) || !strings.Contains(heard, context) {
		t.Errorf("events %+v", *s.heard)
	}
}

// The last file of a quota is accepted, the next is over quota, whatever is left of the bytes. One that was sealed before
// files were counted is counted, and not refused.
func TestInspectCountsFiles(t *testing.T) {
	s := newStage()
	for n, test := range []struct {
		files int64 // that are sealed
		want  upload.Status
	}{{2, upload.Ready}, {2, upload.Ready}, {2, upload.Rejected}, {0, upload.Ready}, {3, upload.Rejected}, {4, upload.Ready}} {
		a := arrival("")
		a.ID = granted(owner, byte(10+n))
		a.Key = "videos/" + owner + "/" + a.ID
		o := object(60, 0, fitting)
		o.Metadata = sealed(a.Key, upload.Declared{Quota: 1000, Files: test.files, Size: 60})
		a.VersionID = s.bucket.put(a.Key, o)
		s.inspect(t, a)
		if record, _, err := s.records.Record(t.Context(), owner, a.ID); err != nil || record.Status != test.want {
			t.Errorf("file %d: %s %s, %v, want %s", n+1, record.Status, record.Reason, err, test.want)
		}
	}
	if used, err := s.records.Usage(t.Context(), owner); used != (upload.Usage{Bytes: 240, Files: 4}) || err != nil {
		t.Errorf("usage %+v, %v, want 240 bytes in 4 files", used, err)
	}
}

// Whichever bit of the sealed field is another, the object is none that Postern signed.
func TestEveryBitOfTheSealCounts(t *testing.T) {
	good := sealed(key, upload.Declared{Quota: 100, Files: 1, Size: 60, Filename: "f.mp4", Title: "t"})
	raw, err := base64.RawURLEncoding.DecodeString(good["postern"])
	if err != nil {
		t.Fatal(err)
	}
	s := newStage()
	for bit := range 8 * len(raw) {
		flipped := bytes.Clone(raw)
		flipped[bit/8] ^= 1 << (bit % 8)
		o := object(60, 0, fitting)
		o.Metadata = map[string]string{"postern": base64.RawURLEncoding.EncodeToString(flipped)}
		s.inspect(t, arrival(s.bucket.put(key, o)))
		record := s.record(t)
		if record.Status != upload.Rejected || record.Reason != upload.Unsigned || record.Filename+record.Title != "" {
			t.Fatalf("bit %d: %+v, want unsigned", bit, record)
		}
		s.table.remove(owner, id)
		delete(s.bucket.keys, key)
	}
}
