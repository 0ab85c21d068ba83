package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"postern/internal/contract"
	"postern/internal/lifecycle"
	"postern/internal/lifecycle/model"
	"postern/internal/records"
	"postern/internal/upload"
)

var folders = contract.Folders{"videos": {MaxSize: 1 << 40, Formats: map[string]string{"mp4": "video/mp4"}}}

// check stands for the comparison of content with its format.
func check(_ contract.Format, object upload.Object) (upload.Finding, error) {
	content, err := io.ReadAll(io.NewSectionReader(object.Content, 0, 100))
	if err == nil && string(content) != fitting {
		return upload.Finding{Detected: "text/html", Reason: upload.TypeMismatch}, nil
	}
	return upload.Finding{Detected: "video/mp4"}, err
}

// most is how many processes run at the same time at most.
const most = 7

// A message is one of the queue's. Two that say the same have another number: who is done with one leaves the other.
type message struct {
	arrival lifecycle.Arrival
	expired bool
	number  int // 0: not of the queue
}

// A world is one table, one bucket, one queue, and all that goes on with them.
type world struct {
	draw    *rapid.T
	model   *model.Model
	quota   upload.Usage
	uploads []lifecycle.Arrival // all that there may be, without versions
	table   *table
	records *records.Uploads
	bucket  *versionedBucket
	broken  breakage

	ever       []message // that were sent
	queue      []message // that are not done
	lost       []message // to be sent in the place of lost ones
	running    []*process
	unfinished []lifecycle.Arrival // deletions that failed
	unpurged   []string            // owners of whom not all is deleted
	removed    map[string]bool     // owners that were removed
	forms      map[string]form     // by key: what was sent last
	multiparts map[string]form     // by id: what its completion stores
	left       error               // a multipart upload that a deletion has left open
	kept       map[string]model.Record
	used       map[string]model.Usage
	tally      tally
}

// A tally counts what happens, and how uploads end.
type tally map[string]int

func newWorld(draw *rapid.T, broken breakage, tally tally) *world {
	quota := upload.Usage{
		Bytes: rapid.SampledFrom([]int64{150, 100, 60, 0}).Draw(draw, "quota"),
		Files: rapid.SampledFrom([]int64{1, 2, 3}).Draw(draw, "quota of files"),
	}
	table := newTable()
	w := &world{
		draw: draw, model: model.New(model.Usage(quota)), quota: quota, table: table, records: table.uploads(), bucket: newVersionedBucket(),
		broken: broken, kept: map[string]model.Record{}, used: map[string]model.Usage{}, removed: map[string]bool{}, tally: tally,
		forms: map[string]form{}, multiparts: map[string]form{},
	}
	table.forge = broken.forge
	for n := range 6 {
		owner := strings.Repeat(fmt.Sprint(n%2), 20)
		id := granted(owner, byte(n))
		if n == ungranted {
			id = fmt.Sprintf("%032x.mp4", n)
		}
		arrival, _ := lifecycle.ParseArrival("videos/"+owner+"/"+id, "")
		w.uploads = append(w.uploads, arrival)
	}
	return w
}

// ungranted is the one of the uploads whose id nobody granted.
const ungranted = 5

func name(a lifecycle.Arrival) string { return a.Owner + "/" + a.ID }

// run lets things happen in any order, then everything be delivered. Its error is what the model objects to.
func (w *world) run() error {
	defer w.kill()
	for range rapid.IntRange(50, 250).Draw(w.draw, "happenings") {
		if err := errors.Join(w.happen(), w.model.Observe(w.snapshot())); err != nil {
			return err
		}
	}
	return w.deliverAll()
}

// kill ends every process that still runs.
func (w *world) kill() {
	for _, p := range w.running {
		for !p.ended {
			p.step(crashBefore)
		}
	}
}

// happenings are by how often they happen, the first ones somewhat more.
var happenings = slices.Concat(
	slices.Repeat([]string{"arrive"}, 4), slices.Repeat([]string{"deliver"}, 10),
	[]string{"again", "again", "look", "delete", "expire", "expire", "vanish", "patch", "patch", "replay", "purge", "forget", "remove"},
	[]string{"begin", "begin", "complete", "complete", "complete"},
	slices.Repeat([]string{"run"}, 12), slices.Repeat([]string{"step"}, 28),
)

// happen lets one thing happen. Its error is what the model objects to in the meantime.
func (w *world) happen() error {
	what := rapid.SampledFrom(happenings).Draw(w.draw, "happening")
	a := rapid.SampledFrom(w.uploads).Draw(w.draw, "upload")
	switch what {
	case "step":
		w.step()
	case "run":
		w.finish()
	case "arrive":
		w.arrive(a)
	case "deliver":
		w.deliver(w.queue)
	case "again":
		w.deliver(w.ever)
	case "look":
		w.send(message{arrival: a})
	case "delete":
		w.delete(a)
	case "expire":
		w.expire(a)
	case "vanish":
		w.vanish(a)
	case "patch":
		w.patch(a)
	case "replay":
		w.replay(a)
	case "purge":
		w.purge(a.Owner)
	case "remove":
		if rapid.IntRange(0, 9).Draw(w.draw, "removed") == 0 {
			w.remove(a.Owner)
		}
	case "forget":
		return w.forget(a)
	case "begin":
		w.begin(a)
	case "complete":
		w.completeMultipart(a)
	}
	return w.left
}

// arrive puts bytes into the bucket.
func (w *world) arrive(a lifecycle.Arrival) {
	w.forms[a.Key] = w.fill(a)
	w.submit(a, w.forms[a.Key])
}

// fill returns what a client may send for an upload.
func (w *world) fill(a lifecycle.Arrival) form {
	size := rapid.Int64Range(0, 60).Draw(w.draw, "size")
	fault := rapid.SampledFrom([]upload.Reason{"", "", "", upload.TypeMismatch, upload.SizeMismatch, upload.Unsigned}).Draw(w.draw, "fault")
	o := object(size, w.quota.Bytes, fitting)
	declared := upload.Declared{
		Quota: w.quota.Bytes, Files: w.quota.Files, Filename: rapid.SampledFrom([]string{"", "a.mp4"}).Draw(w.draw, "file name"),
	}
	o.Metadata = sealed(a.Key, declared)
	text := int64(len(declared.Filename))
	isUngranted := a == w.uploads[ungranted]
	if isUngranted {
		fault = upload.Unsigned
	}
	switch fault {
	case upload.TypeMismatch:
		o.Content = bytes.NewReader([]byte(foreign))
	case upload.SizeMismatch:
		by := rapid.SampledFrom([]int64{-1, 1}).Draw(w.draw, "declared more")
		if size < 2 { // a declared size is at least 1
			by = 1
		}
		declared.Size = size + by
		o.Metadata = sealed(a.Key, declared)
	case upload.Unsigned:
		if !isUngranted {
			o.Metadata, text = nil, 0
		}
	}
	return form{o, model.Version{Size: size, Text: text, Fault: string(fault)}}
}

// A form is what a client sends, any number of times.
type form struct {
	object  upload.Object
	version model.Version // without ID
}

// submit stores what a client has sent. The message that tells of its bytes may be lost: then somebody looks in the end.
func (w *world) submit(a lifecycle.Arrival, form form) {
	form.version.ID = w.bucket.put(a.Key, form.object)
	w.model.Arrive(a.Owner, name(a), form.version)
	if rapid.IntRange(0, 9).Draw(w.draw, "lost") == 0 {
		w.lost = append(w.lost, message{arrival: a})
		return
	}
	a.VersionID = form.version.ID
	w.send(message{arrival: a})
}

// replay sends a form again that has done its work: its upload has a verdict, or is deleted.
func (w *world) replay(a lifecycle.Arrival) {
	status := w.kept[name(a)].Status
	if _, sent := w.forms[a.Key]; !sent || status == "" || status == "accepted" {
		return
	}
	for range rapid.IntRange(1, 3).Draw(w.draw, "replays") {
		w.tally["replays"]++
		w.submit(a, w.forms[a.Key])
	}
}

// begin begins a multipart upload of a key, whatever else there is of it.
func (w *world) begin(a lifecycle.Arrival) {
	id := fmt.Sprint("multipart ", len(w.multiparts))
	w.multiparts[id] = w.fill(a)
	w.bucket.open[a.Key] = append(w.bucket.open[a.Key], id)
}

// completeMultipart completes a multipart upload that is open, once. It stays open if the key has an object.
func (w *world) completeMultipart(a lifecycle.Arrival) {
	open := w.bucket.open[a.Key]
	if len(open) == 0 {
		return
	}
	if newest := w.bucket.newest(a.Key); newest != nil && !newest.Marker {
		w.tally["completions refused"]++
		return
	}
	id := rapid.SampledFrom(open).Draw(w.draw, "multipart upload")
	w.bucket.open[a.Key] = slices.DeleteFunc(slices.Clone(open), func(o string) bool { return o == id })
	w.tally["completions"]++
	if w.kept[name(a)].Status == "deleted" {
		w.tally["completions after a deletion"]++
	}
	w.submit(a, w.multiparts[id])
}

// expire lets a rule of the bucket put a delete marker on a rejected version, or somebody on one that is ready.
func (w *world) expire(a lifecycle.Arrival) {
	switch newest := w.bucket.newest(a.Key); {
	case newest == nil || newest.tag == "":
		return
	case newest.tag == "rejected":
		w.model.Doom(a.Owner, name(a))
	}
	a.VersionID = w.bucket.mark(a.Key)
	w.send(message{arrival: a, expired: true})
}

// vanish lets a rule of the bucket remove a version. Rules take days, so it is none that is being inspected.
func (w *world) vanish(a lifecycle.Arrival) {
	versions := w.bucket.keys[a.Key]
	if len(versions) == 0 || slices.ContainsFunc(w.running, func(p *process) bool { return p.upload == name(a) }) {
		return
	}
	version := rapid.SampledFrom(versions).Draw(w.draw, "version")
	if version.Marker {
		return
	}
	_ = w.bucket.Remove(context.Background(), a.Key, version.ID)
	w.model.Vanish(name(a), version.ID)
	a.VersionID = version.ID
	w.send(message{arrival: a, expired: true})
}

func (w *world) send(m message) {
	m.number = len(w.ever) + 1
	w.queue = append(w.queue, m)
	w.ever = append(w.ever, m)
}

// deliver starts a process for a message, and often for others of its key. They stay in the queue until they are done, or
// longer.
func (w *world) deliver(from []message) {
	if len(from) == 0 || len(w.running) >= most {
		return
	}
	m := rapid.SampledFrom(from).Draw(w.draw, "message")
	var others []message
	if !m.expired && rapid.Bool().Draw(w.draw, "together") {
		for _, other := range from {
			if other.arrival.Key == m.arrival.Key && !other.expired && other != m {
				others = append(others, other)
			}
		}
	}
	w.inspect(m, others...)
}

func (w *world) inspect(m message, others ...message) *process {
	w.tally["deliveries"]++
	if len(others) > 0 {
		w.tally["deliveries of several messages"]++
	}
	p := start(w.table, func(p *process) error {
		inspector := w.inspector(p, m.arrival)
		if m.expired {
			return w.done(inspector.Expire(context.Background(), m.arrival), m)
		}
		arrivals := make([]lifecycle.Arrival, len(others))
		for i, other := range others {
			arrivals[i] = other.arrival
		}
		return w.done(inspector.Inspect(context.Background(), m.arrival, arrivals...), append(others, m)...)
	})
	p.upload = name(m.arrival)
	w.running = append(w.running, p)
	return p
}

// done takes messages out of the queue, unless err says that they failed. It returns err.
func (w *world) done(err error, messages ...message) error {
	for _, m := range messages {
		if at := slices.Index(w.queue, m); err == nil && at >= 0 {
			w.queue = slices.Delete(w.queue, at, at+1)
		}
	}
	return err
}

func (w *world) inspector(p *process, a lifecycle.Arrival) *lifecycle.Inspector {
	return &lifecycle.Inspector{
		Records: steppedRecords{p, w.broken.Records(w, a)}, Objects: steppedObjects{p, w.broken.Objects(w.bucket)}, Events: steppedEvents{p, w},
		OwnerKey: ownerKey, Check: check, Folders: folders, Now: func() time.Time { return time.Unix(1e9, 0) }, Log: slog.New(slog.DiscardHandler),
	}
}

// Inspect is the queue's.
func (w *world) Inspect(_ context.Context, key string) error {
	a, _ := lifecycle.ParseArrival(key, "")
	w.send(message{arrival: a})
	return nil
}

// Publish is the event bus's.
func (w *world) Publish(_ context.Context, event upload.Event) error {
	if event.ID != event.Owner+"/"+event.Record.ID+"/"+string(event.Status) {
		return fmt.Errorf("event %s of another", event.ID)
	}
	w.model.Hear(event.Owner+"/"+event.Record.ID, string(event.Status))
	return nil
}

// outcomes are by how often they happen.
var outcomes = slices.Concat(slices.Repeat([]outcome{fine}, 24),
	[]outcome{faultBefore, faultAfter, faultAfter, crashBefore, crashAfter, crashAfter, conflict, conflict, conflicts})

// step lets one process take one step.
func (w *world) step() {
	if p := w.pick(); p != nil {
		o := rapid.SampledFrom(outcomes).Draw(w.draw, "outcome")
		w.tally[outcomeNames[o]]++
		p.step(o)
		w.sweep()
	}
}

// finish lets one process take some steps, one at most that is seen by the model.
func (w *world) finish() {
	p := w.pick()
	if p == nil {
		return
	}
	w.table.changed = false
	for !p.ended && !w.table.changed {
		p.step(fine)
	}
	w.sweep()
}

func (w *world) pick() *process {
	if len(w.running) == 0 {
		return nil
	}
	return w.running[rapid.IntRange(0, len(w.running)-1).Draw(w.draw, "process")]
}

func (w *world) sweep() {
	w.running = slices.DeleteFunc(w.running, func(p *process) bool { return p.ended })
}

// deliverAll delivers all that is not done, or everything there ever was, without faults, and lets clients ask again.
func (w *world) deliverAll() error {
	for len(w.running) > 0 {
		if err := w.complete(w.running[0]); err != nil {
			return err
		}
	}
	messages := slices.Concat(w.queue, w.lost)
	if rapid.Bool().Draw(w.draw, "everything") {
		messages = slices.Concat(w.ever, w.lost)
	}
	for _, m := range rapid.Permutation(messages).Draw(w.draw, "order") {
		if err := w.complete(w.inspect(m)); err != nil {
			return err
		}
	}
	for len(w.unfinished) > 0 {
		w.delete(w.unfinished[0])
		w.unfinished = w.unfinished[1:]
		if err := w.complete(w.running[0]); err != nil {
			return err
		}
	}
	for len(w.unpurged) > 0 {
		w.purge(w.unpurged[0])
		w.unpurged = w.unpurged[1:]
		if err := w.complete(w.running[0]); err != nil {
			return err
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(w.removed)) {
		w.remove(owner)
		if p := w.running[0]; w.complete(p) != nil || p.err != nil {
			return errors.Join(w.complete(p), p.err)
		}
	}
	for _, m := range slices.Clone(w.queue) {
		p := w.inspect(m)
		if err := w.complete(p); err != nil {
			return err
		}
		if p.err != nil {
			return fmt.Errorf("a delivery without faults fails: %w", p.err)
		}
	}
	if w.left != nil {
		return w.left
	}
	end := w.snapshot()
	for _, a := range w.uploads {
		w.tally[end.Records[name(a)].Status+" "+end.Records[name(a)].Reason]++
	}
	return w.model.End(end)
}

// complete lets a process come to its end, before the model's eyes.
func (w *world) complete(p *process) error {
	for !p.ended {
		p.step(fine)
		if err := w.model.Observe(w.snapshot()); err != nil {
			return err
		}
	}
	w.sweep()
	return nil
}

func (w *world) snapshot() model.Snapshot {
	if w.table.changed {
		w.kept, w.used = w.table.snapshot()
		w.table.changed = false
	}
	snapshot := model.Snapshot{Records: w.kept, Used: w.used, Tags: map[string]map[string]string{}}
	for _, a := range w.uploads {
		snapshot.Tags[name(a)] = w.bucket.tags(a.Key)
	}
	return snapshot
}
