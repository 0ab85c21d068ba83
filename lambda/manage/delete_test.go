package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// checkDeleted checks that an upload of the owner is deleted, and its event not published yet.
func checkDeleted(t *testing.T, w *world, id string) {
	t.Helper()
	record := w.record(t, owner, id)
	if record.Status != upload.Deleted || record.Published || record.Expires.Sub(w.now).Round(time.Minute) != upload.TombstoneLifetime {
		t.Errorf("record %+v, want a tombstone of %v", record, upload.TombstoneLifetime)
	}
	if record.Title != "" || record.Filename != "" || record.Counted != 0 || record.Files != 0 {
		t.Errorf("tombstone %+v, want nothing that a client wrote, and nothing counted", record)
	}
	if key := keyOf(owner, id); !w.bucket.isEmpty(key) {
		t.Errorf("%s still has %v, open %v", key, w.bucket.versions[key], w.bucket.open[key])
	}
	if used := w.usage(t); used != (upload.Usage{}) {
		t.Errorf("usage %+v, want nothing", used)
	}
}

// remains gives a key a second version, a delete marker and an open multipart upload.
func (w *world) remains(key string) {
	w.bucket.put(key, upload.Version{ID: "v2", Size: 8, Modified: w.now}, upload.Version{ID: "m", Marker: true, Modified: w.now})
	w.bucket.open[key] = []upload.Multipart{{ID: "a"}}
}

func TestDelete(t *testing.T) {
	granted := start.Add(-time.Hour)
	for name, set := range map[string]func(*world) string{
		"accepted": func(w *world) string { id := idAt(granted, 1, "mp4"); w.accept(t, arrived(owner, id)); return id },
		"ready":    func(w *world) string { id := idAt(granted, 1, "mp4"); w.setVerdict(t, arrived(owner, id)); return id },
		"rejected": func(w *world) string {
			record := arrived(owner, idAt(granted, 1, "mp4"))
			record.Reason = upload.TypeMismatch
			w.setVerdict(t, record)
			return record.ID
		},
		"young": func(*world) string { return idAt(start, 1, "mp4") },
		"bytes without a record": func(w *world) string {
			id := idAt(granted, 1, "mp4")
			w.bucket.put(keyOf(owner, id), upload.Version{ID: "v", Size: 7, Modified: granted})
			return id
		},
		"open multipart upload": func(w *world) string {
			id := idAt(granted, 1, "mp4")
			w.bucket.open[keyOf(owner, id)] = []upload.Multipart{{ID: "a"}}
			return id
		},
	} {
		w := newWorld(t)
		id := set(w)
		w.remains(keyOf(owner, id))
		remove := call{owner: owner, method: http.MethodDelete, id: id}
		checkRefusal(t, name, w.do(t, remove), http.StatusNoContent, "")
		checkDeleted(t, w, id)
		if diff := cmp.Diff(w.queue.taken(), []string{keyOf(owner, id)}); diff != "" {
			t.Errorf("%s: queued (-got +want)\n%s", name, diff)
		}
		// What arrived late is removed again, until the event of the deletion is published.
		w.remains(keyOf(owner, id))
		checkRefusal(t, name+", again", w.do(t, remove), http.StatusNoContent, "")
		checkDeleted(t, w, id)
		w.publish(t, id)
		w.queue.taken()
		checkRefusal(t, name+", published", w.do(t, remove), http.StatusNotFound, noUpload)
		checkRefusal(t, name+", get", w.do(t, call{owner: owner, id: id}), http.StatusNotFound, noUpload)
		if queued := w.queue.taken(); queued != nil {
			t.Errorf("%s: queued %v, want nothing", name, queued)
		}
	}
}

var errKilled = errors.New("killed")

// A killer ends what is done after a number of steps. A step is the beginning and the end of a call.
type killer struct{ left int }

func (k *killer) step() error {
	if k.left == 0 {
		return errKilled
	}
	k.left--
	return nil
}

// around makes a call between two steps.
func (k *killer) around(call func() error) error {
	if err := k.step(); err != nil {
		return err
	}
	if err := call(); err != nil {
		return err
	}
	return k.step()
}

// killed are the parts of a deletion, each call of which a killer may end before or after it has its effect.
type killed struct {
	lifecycle.Records
	*bucket
	queue *line
	*killer
}

func (k killed) MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (tombstone upload.Record, err error) {
	err = k.around(func() error { tombstone, err = k.Records.MarkDeleted(ctx, record, expires); return err })
	return tombstone, err
}

func (k killed) Inspect(ctx context.Context, key string) error {
	return k.around(func() error { return k.queue.Inspect(ctx, key) })
}

func (k killed) AbortUploads(ctx context.Context, key string) error {
	return k.around(func() error { return k.bucket.AbortUploads(ctx, key) })
}

func (k killed) Versions(ctx context.Context, key string) (versions []upload.Version, err error) {
	err = k.around(func() error { versions, err = k.bucket.Versions(ctx, key); return err })
	return versions, err
}

func (k killed) Remove(ctx context.Context, key string, versionIDs ...string) error {
	return k.around(func() error { return k.bucket.Remove(ctx, key, versionIDs...) })
}

// A DELETE that ends between any two steps is completed by the next.
func TestDeleteSurvivesACrash(t *testing.T) {
	const most = 100
	for steps := range most {
		w := newWorld(t)
		id := idAt(start.Add(-time.Hour), 1, "mp4")
		w.setVerdict(t, arrived(owner, id))
		w.remains(keyOf(owner, id))
		whole := w.handlers.deletion
		parts := killed{w.records, w.bucket, w.queue, &killer{steps}}
		w.handlers.deletion = &lifecycle.Deletion{Records: parts, Objects: parts, Queue: parts, Now: w.handlers.now}
		remove := call{owner: owner, method: http.MethodDelete, id: id}
		response := w.do(t, remove)
		if response.StatusCode == http.StatusNoContent {
			if steps < 10 {
				t.Errorf("a deletion has only %d steps", steps)
			}
			return
		}
		checkRefusal(t, "killed", response, http.StatusInternalServerError, failure("internal error", "internal_error"))
		w.handlers.deletion = whole
		checkRefusal(t, "again", w.do(t, remove), http.StatusNoContent, "")
		checkDeleted(t, w, id)
		if queued := w.queue.taken(); len(queued) == 0 || queued[0] != keyOf(owner, id) {
			t.Errorf("after %d steps: queued %v, want the key", steps, queued)
		}
	}
	t.Errorf("a deletion has more than %d steps", most)
}

func TestDeletesRace(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	w.remains(keyOf(owner, id))
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			checkRefusal(t, "race", w.do(t, call{owner: owner, method: http.MethodDelete, id: id}), http.StatusNoContent, "")
		})
	}
	clients.Wait()
	checkDeleted(t, w, id)
}
