package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// delete starts a process that deletes an upload. A client whose deletion fails asks again in the end.
func (w *world) delete(a lifecycle.Arrival) {
	if len(w.running) >= most {
		return
	}
	w.model.Doom(a.Owner, name(a))
	w.unfinished = append(w.unfinished, a)
	w.start(name(a), func(p *process) error {
		deletion := w.deletion(p, a)
		record, _, err := w.read(deletion, a)
		if err != nil {
			return err
		}
		err = w.deleteWith(deletion, record)
		if at := slices.Index(w.unfinished, a); err == nil && at >= 0 {
			w.unfinished = slices.Delete(w.unfinished, at, at+1)
		}
		return err
	})
}

// deleteWith deletes an upload, of which no multipart upload may be left that was open before.
func (w *world) deleteWith(deletion *lifecycle.Deletion, record upload.Record) error {
	open := slices.Clone(w.bucket.open[record.Key])
	deleted, err := deletion.Delete(context.Background(), record)
	if err != nil || !deleted {
		return err
	}
	for _, id := range open {
		w.tally["multipart uploads of deleted uploads"]++
		if slices.Contains(w.bucket.open[record.Key], id) {
			w.left = fmt.Errorf("%s is deleted, and %s is open", record.ID, id)
		}
	}
	return nil
}

// start starts a process that changes an upload, or all of an owner's.
func (w *world) start(changes string, run func(*process) error) {
	p := start(w.table, run)
	p.changes = changes
	w.running = append(w.running, p)
}

func (w *world) deletion(p *process, a lifecycle.Arrival) *lifecycle.Deletion {
	return &lifecycle.Deletion{
		Records: steppedRecords{p, w.broken.Records(w, a)}, Objects: steppedObjects{p, w.broken.Objects(w.bucket)}, Queue: steppedQueue{p, w},
		Now: func() time.Time { return time.Unix(1e9, 0) },
	}
}

// read reads what a deletion wants of an upload.
func (w *world) read(deletion *lifecycle.Deletion, a lifecycle.Arrival) (record upload.Record, found bool, err error) {
	record, found, err = deletion.Records.Record(context.Background(), a.Owner, a.ID)
	if !found {
		record = upload.Record{Owner: a.Owner, ID: a.ID, Key: a.Key}
	}
	return record, found, err
}

// purge starts a process that deletes every upload of an owner that has a record or bytes, while others arrive. One that
// fails is repeated in the end.
func (w *world) purge(owner string) {
	if len(w.running) >= most {
		return
	}
	w.tally["purges"]++
	w.unpurged = append(w.unpurged, owner)
	w.start(owner, func(p *process) error {
		for _, a := range w.uploads {
			if a.Owner != owner {
				continue
			}
			deletion := w.deletion(p, a)
			record, found, err := w.read(deletion, a)
			if err != nil {
				return err
			}
			versions, err := deletion.Objects.Versions(context.Background(), a.Key)
			if err != nil {
				return err
			}
			if !found && len(versions) == 0 {
				continue
			}
			w.model.Doom(owner, name(a))
			if err := w.deleteWith(deletion, record); err != nil {
				return err
			}
		}
		if at := slices.Index(w.unpurged, owner); at >= 0 {
			w.unpurged = slices.Delete(w.unpurged, at, at+1)
		}
		return nil
	})
}

// remove starts a process that removes an owner: it purges all that is theirs. In the end it is repeated, as an operator does
// until the purge proves that nothing is left.
func (w *world) remove(owner string) {
	if len(w.running) >= most {
		return
	}
	w.tally["removals"]++
	w.removed[owner] = true
	w.model.Remove(owner)
	e := &estate{stage: &stage{table: w.table, records: w.records, bucket: w.bucket}}
	w.start(owner, func(p *process) error {
		stepped := steppedEstate{p, e, steppedRecords{p, w.records}, w.records}
		purge := &lifecycle.Purge{Records: stepped, Objects: stepped, Queue: stepped, Now: func() time.Time { return time.Unix(1e9, 0) }}
		_, _, err := purge.Run(context.Background(), owner)
		for _, key := range e.queued {
			_ = w.Inspect(context.Background(), key)
		}
		return err
	})
}

// patch starts a process that describes an upload, once it has read it. It shortens, or makes longer, what is there.
func (w *world) patch(a lifecycle.Arrival) {
	if len(w.running) >= most {
		return
	}
	title := strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 5, 30}).Draw(w.draw, "title"))
	labels := []string{title}
	patch := rapid.SampledFrom([]upload.Patch{{Title: &title}, {Description: &title}, {Labels: &labels}}).Draw(w.draw, "patch")
	w.model.Patch(name(a))
	w.start(name(a), func(p *process) error {
		record, found, err := steppedRecords{p, w.records}.Record(context.Background(), a.Owner, a.ID)
		if err != nil || !found || record.Status == upload.Deleted || record.Reason == upload.OverQuota {
			return err
		}
		return p.call(func() error {
			_, err := w.records.Patch(context.Background(), record, patch, w.quota.Bytes)
			if err == nil {
				w.tally["patches"]++
			}
			if errors.Is(err, upload.ErrOverQuota) {
				w.tally["patches over quota"]++
			}
			return err
		})
	})
}

// forget lets so much time pass that every message of an upload is delivered, and then the table remove its record, if that
// expires. Its error is what the model objects to.
func (w *world) forget(a lifecycle.Arrival) error {
	works := func(p *process) bool { return p.upload == name(a) || p.changes == name(a) || p.changes == a.Owner }
	if slices.ContainsFunc(w.running, works) || slices.Contains(w.unfinished, a) || slices.Contains(w.unpurged, a.Owner) {
		return nil
	}
	ours := func(m message) bool { return name(m.arrival) == name(a) }
	for _, m := range slices.Concat(w.queue, w.lost) {
		if !ours(m) {
			continue
		}
		if err := w.complete(w.inspect(m)); err != nil {
			return err
		}
	}
	w.lost = slices.DeleteFunc(w.lost, ours)
	record, found, err := w.records.Record(context.Background(), a.Owner, a.ID)
	if err != nil || !found || record.Expires.IsZero() || slices.ContainsFunc(w.queue, ours) {
		return err
	}
	w.tally["forgotten"]++
	delete(w.bucket.open, a.Key) // the bucket's rule ends what is not completed, long before
	w.table.remove(a.Owner, a.ID)
	return w.model.Forget(name(a))
}
