package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/lifecycle"
	"postern/internal/records"
	"postern/internal/upload"
)

const neighbour = "0123456789abcdef0124" // sorts right after owner

// An estate is a stage with the uploads of two owners, and the keys that were queued.
type estate struct {
	*stage
	open   map[string]int // open multipart uploads by key
	queued []string
}

// newEstate returns a stage where each owner has one upload of each kind.
func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{stage: newStage(), open: map[string]int{}}
	for _, owner := range []string{owner, neighbour} {
		keyOf := func(n byte) string { return "videos/" + owner + "/" + granted(owner, n) }
		for n, size := range []int64{60, 101, 20, 7, 7} { // ready, over quota, ready twice, deleted, waiting
			e.bucket.put(keyOf(byte(n)), sealedObject(keyOf(byte(n)), size))
			if n < 4 {
				a, _ := lifecycle.ParseArrival(keyOf(byte(n)), "")
				e.inspect(t, a)
			}
		}
		e.bucket.put(keyOf(2), sealedObject(keyOf(2), 20))
		e.bucket.mark(keyOf(2))
		record, _, err := e.records.Record(t.Context(), owner, granted(owner, 3))
		if err == nil {
			_, err = e.records.MarkDeleted(t.Context(), record, now)
		}
		if err != nil {
			t.Fatal(err)
		}
		e.bucket.put("old/"+owner+"/notes", upload.Object{Size: 1})
		e.open[keyOf(5)], e.open["waiting/"+owner+"/"+granted(owner, 6)] = 2, 1
	}
	return e
}

func sealedObject(key string, size int64) upload.Object {
	o := object(size, 100, fitting)
	o.Metadata = sealed(key, upload.Declared{Quota: 100})
	return o
}

func (e *estate) Folders(context.Context) ([]string, error) {
	folders := map[string]bool{}
	for key, versions := range e.bucket.keys {
		folder, _, _ := strings.Cut(key, "/")
		folders[folder] = len(versions) > 0 || folders[folder]
	}
	for key := range e.open {
		folder, _, _ := strings.Cut(key, "/")
		folders[folder] = true
	}
	maps.DeleteFunc(folders, func(_ string, some bool) bool { return !some })
	return slices.Sorted(maps.Keys(folders)), nil
}

func (e *estate) AbortAll(_ context.Context, prefix string) (aborted int, err error) {
	for key, open := range e.open {
		if strings.HasPrefix(key, prefix) {
			aborted += open
			delete(e.open, key)
		}
	}
	return aborted, nil
}

func (e *estate) FirstVersions(_ context.Context, prefix string) (first []upload.KeyVersion, err error) {
	const page = 2
	for _, key := range slices.Sorted(maps.Keys(e.bucket.keys)) {
		for _, v := range e.bucket.keys[key] {
			if strings.HasPrefix(key, prefix) && len(first) < page {
				first = append(first, upload.KeyVersion{Key: key, VersionID: v.ID})
			}
		}
	}
	return first, nil
}

func (e *estate) RemoveAll(ctx context.Context, versions []upload.KeyVersion) error {
	for _, v := range versions {
		if err := e.bucket.Remove(ctx, v.Key, v.VersionID); err != nil {
			return err
		}
	}
	return nil
}

func (e *estate) InspectAll(_ context.Context, keys []string) error {
	e.queued = append(e.queued, keys...)
	return nil
}

// purge starts the purge of the owner, as a process.
func (e *estate) purge() *process {
	return start(e.table, func(p *process) error {
		stepped := steppedEstate{p, e, steppedRecords{p, e.records}, e.records}
		purge := &lifecycle.Purge{Records: stepped, Objects: stepped, Queue: stepped, Now: func() time.Time { return now }}
		_, _, err := purge.Run(context.Background(), owner)
		return err
	})
}

// steppedEstate is the estate as a purge sees it.
type steppedEstate struct {
	p *process
	*estate
	steppedRecords
	uploads *records.Uploads
}

func (s steppedEstate) MarkRemoved(ctx context.Context, owner string) error {
	return s.p.call(func() error { return s.uploads.MarkRemoved(ctx, owner) })
}

func (s steppedEstate) OwnerPage(ctx context.Context, owner, before string) (records []upload.Record, next string, err error) {
	err = s.p.call(func() (err error) {
		records, next, err = s.uploads.OwnerPage(ctx, owner, before)
		return err
	})
	return records, next, err
}

func (s steppedEstate) MarkAllDeleted(ctx context.Context, records []upload.Record, expires time.Time) error {
	return s.p.call(func() error { return s.uploads.MarkAllDeleted(ctx, records, expires) })
}

func (s steppedEstate) RemoveUsage(ctx context.Context, owner string) (removed bool, err error) {
	err = s.p.call(func() (err error) {
		removed, err = s.uploads.RemoveUsage(ctx, owner)
		return err
	})
	return removed, err
}

func (s steppedEstate) Folders(ctx context.Context) (folders []string, err error) {
	err = s.p.call(func() (err error) {
		folders, err = s.estate.Folders(ctx)
		return err
	})
	return folders, err
}

func (s steppedEstate) AbortAll(ctx context.Context, prefix string) (aborted int, err error) {
	err = s.p.call(func() (err error) {
		aborted, err = s.estate.AbortAll(ctx, prefix)
		return err
	})
	return aborted, err
}

func (s steppedEstate) FirstVersions(ctx context.Context, prefix string) (versions []upload.KeyVersion, err error) {
	err = s.p.call(func() (err error) {
		versions, err = s.estate.FirstVersions(ctx, prefix)
		return err
	})
	return versions, err
}

func (s steppedEstate) RemoveAll(ctx context.Context, versions []upload.KeyVersion) error {
	return s.p.call(func() error { return s.estate.RemoveAll(ctx, versions) })
}

func (s steppedEstate) InspectAll(ctx context.Context, keys []string) error {
	return s.p.call(func() error { return s.estate.InspectAll(ctx, keys) })
}

// left is all that there is of an owner, but for tombstones.
func (e *estate) left(t *testing.T, owner string) (left []string) {
	t.Helper()
	rows, used := e.table.snapshot()
	for name, row := range rows {
		if strings.HasPrefix(name, owner) && row.Status != "deleted" {
			left = append(left, "record "+name)
		}
	}
	if used, ok := used[owner]; ok {
		left = append(left, fmt.Sprint("usage ", used))
	}
	for key, versions := range e.bucket.keys {
		if strings.Contains(key, owner) {
			for _, v := range versions {
				left = append(left, "version "+key+" "+v.ID)
			}
		}
	}
	for key, open := range e.open {
		if strings.Contains(key, owner) {
			left = append(left, fmt.Sprint("open ", key, " ", open))
		}
	}
	slices.Sort(left)
	return left
}

// deliver inspects what is queued, which completes every deletion.
func (e *estate) deliver(t *testing.T) {
	t.Helper()
	for _, key := range e.queued {
		a, _ := lifecycle.ParseArrival(key, "")
		e.inspect(t, a)
	}
	e.queued = nil
}

// silent are an owner's tombstones that are not published.
func (e *estate) silent(owner string) (silent []string) {
	rows, _ := e.table.snapshot()
	for name, row := range rows {
		if strings.HasPrefix(name, owner) && row.Status == "deleted" && !row.Published {
			silent = append(silent, name)
		}
	}
	return silent
}

func TestPurge(t *testing.T) {
	e := newEstate(t)
	before := e.left(t, neighbour)
	var progress []lifecycle.Found
	stepped := &lifecycle.Purge{
		Records: e.records, Objects: e, Queue: e, Now: func() time.Time { return now },
		Progress: func(f lifecycle.Found) { progress = append(progress, f) },
	}
	found, proof, err := stepped.Run(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	want := lifecycle.Found{Records: 3, Unrecorded: 1, Versions: 7, Multiparts: 3, Usages: 1}
	if diff := cmp.Diff(found, want); diff != "" {
		t.Errorf("found (-got +want)\n%s", diff)
	}
	if diff := cmp.Diff(proof, lifecycle.Proof{Folders: []string{"old", "videos", "waiting"}, Tombstones: 5}); diff != "" {
		t.Errorf("proof (-got +want)\n%s", diff)
	}
	if len(progress) < 5 || progress[len(progress)-1] != want {
		t.Errorf("got the progress %+v, want it to end with %+v", progress, want)
	}
	if left := e.left(t, owner); left != nil {
		t.Errorf("left: %q", left)
	}
	if diff := cmp.Diff(e.left(t, neighbour), before); diff != "" {
		t.Errorf("the neighbour's (-got +want)\n%s", diff)
	}
	if len(e.queued) != 5 {
		t.Errorf("%d keys are queued, want the 5 of which a tombstone is not published", len(e.queued))
	}
	e.deliver(t)
	if silent := e.silent(owner); silent != nil {
		t.Errorf("not published: %q", silent)
	}
}

func TestPurgeRefusesWhatIsNoOwner(t *testing.T) {
	e := newEstate(t)
	before := e.left(t, owner)
	for _, none := range []string{"", owner[1:], owner + "/", strings.ToUpper(owner), "../" + owner} {
		purge := &lifecycle.Purge{Records: e.records, Objects: e, Queue: e, Now: time.Now}
		if _, _, err := purge.Run(t.Context(), none); err == nil || !strings.Contains(err.Error(), "20 hexadecimal digits") {
			t.Errorf("%q: got %v", none, err)
		}
	}
	if diff := cmp.Diff(e.left(t, owner), before); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

// A bucket that deletes nothing, and says that it has.
type stubborn struct{ *estate }

func (stubborn) RemoveAll(context.Context, []upload.KeyVersion) error { return nil }

func TestPurgeEndsThoughNothingIsDeleted(t *testing.T) {
	e := newEstate(t)
	purge := &lifecycle.Purge{Records: e.records, Objects: stubborn{e}, Queue: e, Now: time.Now}
	if _, _, err := purge.Run(t.Context(), owner); err == nil || !strings.Contains(err.Error(), "still lists one") {
		t.Errorf("got %v", err)
	}
}

// changing are records of which one is deleted right after it was read, as its owner may do.
type changing struct{ *records.Uploads }

func (c changing) OwnerPage(ctx context.Context, owner, before string) ([]upload.Record, string, error) {
	page, next, err := c.Uploads.OwnerPage(ctx, owner, before)
	for _, record := range page {
		if err == nil && record.Status == upload.Ready {
			_, err = c.MarkDeleted(ctx, record, now)
			break
		}
	}
	return page, next, err
}

func TestPurgeOfWhatChanges(t *testing.T) {
	e := newEstate(t)
	purge := &lifecycle.Purge{Records: changing{e.records}, Objects: e, Queue: e, Now: time.Now}
	if _, _, err := purge.Run(t.Context(), owner); err != nil {
		t.Error(err)
	}
	if left := e.left(t, owner); left != nil {
		t.Errorf("left: %q", left)
	}
}

// A purge that was cut short at any call, in any way, is completed by the next one.
func TestPurgeIsCutShort(t *testing.T) {
	calls := cut(newEstate(t).purge(), 0, fine)
	if calls < 20 {
		t.Fatalf("only %d calls", calls)
	}
	for _, o := range []outcome{faultBefore, faultAfter, crashAfter, conflicts} {
		for at := range calls {
			e := newEstate(t)
			before := e.left(t, neighbour)
			cut(e.purge(), at, o)
			second := e.purge()
			cut(second, 0, fine)
			name := fmt.Sprintf("%s at call %d", outcomeNames[o], at)
			if second.err != nil {
				t.Errorf("%s: the second purge: %v", name, second.err)
			}
			if left := e.left(t, owner); left != nil {
				t.Errorf("%s: left: %q", name, left)
			}
			if diff := cmp.Diff(e.left(t, neighbour), before); diff != "" {
				t.Errorf("%s: the neighbour's (-got +want)\n%s", name, diff)
			}
			e.deliver(t)
			if silent := e.silent(owner); silent != nil {
				t.Errorf("%s: not published: %q", name, silent)
			}
			if t.Failed() {
				return // the other points would only repeat it
			}
		}
	}
}

// An upload that arrives meanwhile is gone in the end, wherever its inspection and the purge meet.
func TestPurgeMeetsAnArrival(t *testing.T) {
	late := granted(owner, 9)
	arrive := func(e *estate) *process {
		key := "videos/" + owner + "/" + late
		a, _ := lifecycle.ParseArrival(key, e.bucket.put(key, sealedObject(key, 30)))
		return start(e.table, func(p *process) error { return e.stepped(p).Inspect(context.Background(), a) })
	}
	small := func() *estate {
		e := &estate{stage: newStage(), open: map[string]int{}}
		e.inspect(t, arrival(e.bucket.put(key, object(60, 100, fitting))))
		return e
	}
	steps := func(p *process, n int) {
		for range n {
			p.step(fine)
		}
	}
	purges := cut(small().purge(), 0, fine)
	inspections := cut(arrive(small()), 0, fine)
	for purged := range purges + 1 {
		for inspected := range inspections + 1 {
			e := small()
			purge := e.purge()
			steps(purge, purged)
			inspection := arrive(e)
			steps(inspection, inspected)
			cut(purge, 0, fine)
			cut(inspection, 0, fine)
			name := fmt.Sprintf("%d calls of the purge, then %d of the inspection", purged, inspected)
			if err := errors.Join(purge.err, inspection.err); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			e.deliver(t)
			if left := e.left(t, owner); left != nil {
				t.Errorf("%s: left: %q", name, left)
			}
			if t.Failed() {
				return
			}
		}
	}
}

func TestArrivalsOfARemovedOwner(t *testing.T) {
	s := newStage()
	s.inspect(t, arrival(s.bucket.put(key, object(60, 100, fitting))))
	if err := s.records.MarkRemoved(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	// What is known already stays, and a replay of it is removed as ever.
	s.inspect(t, arrival(s.bucket.put(key, object(60, 100, fitting))), arrival(""))
	s.check(t, "known", "ready v1 published, used 66 in 1, map[v1:ready]")
	for _, versionID := range []string{"", "v3"} {
		late := "videos/" + owner + "/" + granted(owner, 2)
		s.bucket.put(late, sealedObject(late, 10))
		a, _ := lifecycle.ParseArrival(late, versionID)
		s.inspect(t, a)
		if _, found, err := s.records.Record(t.Context(), owner, a.ID); found || err != nil || len(s.bucket.keys[late]) > 0 {
			t.Errorf("version %q: got a record: %t, %v, and %d versions", versionID, found, err, len(s.bucket.keys[late]))
		}
	}
	if len(*s.heard) != 1 {
		t.Errorf("%d events, want one of the upload that was known", len(*s.heard))
	}
	if err := s.records.UnmarkRemoved(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	other := "videos/" + owner + "/" + granted(owner, 2)
	a, _ := lifecycle.ParseArrival(other, s.bucket.put(other, sealedObject(other, 10)))
	s.inspect(t, a)
	if record, _, err := s.records.Record(t.Context(), owner, a.ID); record.Status != upload.Ready || err != nil {
		t.Errorf("after the mark is gone: got %+v, %v", record, err)
	}
}
