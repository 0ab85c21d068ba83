package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postern/api"
	"postern/internal/upload"
)

// OwnerRecords are the records of uploads, by owner.
type OwnerRecords interface {
	Records
	// MarkRemoved has IsRemoved report true of the owner, for good.
	MarkRemoved(ctx context.Context, owner string) error
	// OwnerPage reads some of the owner's records, the newest first, tombstones included, whose id is below before. If before
	// is empty, it begins at the newest. next is the before of the next page, and empty after the last.
	OwnerPage(ctx context.Context, owner, before string) (records []upload.Record, next string, err error)
	// MarkAllDeleted does what MarkDeleted does for up to 99 records of one owner, all or none. It returns upload.ErrChanged if
	// one of them is not as given.
	MarkAllDeleted(ctx context.Context, records []upload.Record, expires time.Time) error
	// RemoveUsage deletes the owner's usage. It reports false if there is none.
	RemoveUsage(ctx context.Context, owner string) (bool, error)
}

// OwnerObjects are what the bucket has under prefixes. No error holds personal data.
type OwnerObjects interface {
	// Folders lists the first parts of all keys that have a version, a delete marker or an open multipart upload.
	Folders(ctx context.Context) ([]string, error)
	// AbortAll aborts every open multipart upload whose key begins with prefix, and returns how many there were.
	AbortAll(ctx context.Context, prefix string) (int, error)
	// FirstVersions lists up to 1,000 versions and delete markers whose keys begin with prefix: the first by their keys.
	FirstVersions(ctx context.Context, prefix string) ([]upload.KeyVersion, error)
	// RemoveAll deletes up to 1,000 versions and delete markers for good. One that does not exist is no error.
	RemoveAll(ctx context.Context, versions []upload.KeyVersion) error
}

// A BatchQueue takes requests to inspect keys.
type BatchQueue interface {
	// InspectAll has whatever is under each of up to 10 keys inspected, at least once.
	InspectAll(ctx context.Context, keys []string) error
}

const (
	// queueBatch is how many keys InspectAll takes.
	queueBatch = 10
	// markBatch is how many records MarkAllDeleted takes.
	markBatch = 99
)

// maxPasses bounds how often a purge looks again, while uploads that were still on their way arrive.
const maxPasses = 10

// ErrArriving is returned by a purge that found something each time it looked.
var ErrArriving = errors.New("uploads of the owner keep arriving: purge it again")

// A Found counts what there was of an owner, and was deleted.
type Found struct {
	Records    int // that were no tombstones
	Unrecorded int // uploads that had bytes, and no record
	Versions   int // of objects, with delete markers
	Multiparts int // open multipart uploads
	Usages     int // 1 if there was a usage
}

func (f *Found) add(more Found) {
	f.Records += more.Records
	f.Unrecorded += more.Unrecorded
	f.Versions += more.Versions
	f.Multiparts += more.Multiparts
	f.Usages += more.Usages
}

// A Proof is what the last pass of a purge has looked at, without finding anything to delete.
type Proof struct {
	// Folders are those of the bucket. The pass has looked for keys that begin with each of them and the owner.
	Folders []string
	// Tombstones are all that the uploads table has of the owner, besides the mark of its removal.
	Tombstones int
}

// A Purge deletes all that an owner keeps, by the rules by which a Deletion deletes an upload: open multipart uploads are
// aborted, the record becomes a tombstone, and every version is removed. The keys are queued last, so that inspections find
// nothing to do but to publish. It is safe beside inspections, deletions and other purges. It can be repeated after any
// failure, and goes on with what is left.
type Purge struct {
	Records OwnerRecords
	Objects OwnerObjects
	Queue   BatchQueue
	Now     func() time.Time
	// Progress is told what was deleted so far, now and then. If nil, nobody is.
	Progress func(Found)
}

// Run marks an owner as removed, so that an Inspector removes what arrives from now on, and deletes all that there is. It
// looks again until a pass over the whole table and bucket finds nothing: that is the proof. It returns ErrArriving if
// there is none after some passes.
func (p *Purge) Run(ctx context.Context, owner string) (total Found, proof Proof, err error) {
	if !api.IsOwner(owner) {
		return total, proof, fmt.Errorf("purging %q: it is not an owner: must be 20 hexadecimal digits", owner)
	}
	if err := p.Records.MarkRemoved(ctx, owner); err != nil {
		return total, proof, err
	}
	for range maxPasses {
		pass := pass{Purge: p, owner: owner, total: &total, known: map[string]bool{}}
		if err := pass.run(ctx); err != nil {
			return total, proof, err
		}
		if pass.found == (Found{}) {
			return total, pass.proof, p.queueTombstones(ctx, owner)
		}
	}
	return total, proof, ErrArriving
}

// queueTombstones queues those of an owner's tombstones that are not published yet.
func (p *Purge) queueTombstones(ctx context.Context, owner string) error {
	return p.eachPage(ctx, owner, func(records []upload.Record) error {
		var keys []string
		for _, record := range records {
			if record.Status == upload.Deleted && !record.Published {
				keys = append(keys, record.Key)
			}
		}
		for some := range slices.Chunk(keys, queueBatch) {
			if err := p.Queue.InspectAll(ctx, some); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachPage calls use with each page of an owner's records.
func (p *Purge) eachPage(ctx context.Context, owner string, use func([]upload.Record) error) error {
	for before, more := "", true; more; {
		records, next, err := p.Records.OwnerPage(ctx, owner, before)
		if err != nil {
			return err
		}
		if err := use(records); err != nil {
			return err
		}
		before, more = next, next != ""
	}
	return nil
}

// A pass goes once over all that there is of an owner.
type pass struct {
	*Purge
	owner string
	found Found
	total *Found
	proof Proof
	known map[string]bool // the ids that have a record
}

func (p *pass) run(ctx context.Context) error {
	folders, err := p.Objects.Folders(ctx)
	if err != nil {
		return err
	}
	p.proof.Folders = folders
	// As in a Deletion, this comes first: once a tombstone is published, nobody looks at its upload again.
	for _, folder := range folders {
		aborted, err := p.Objects.AbortAll(ctx, p.prefix(folder))
		if err != nil {
			return err
		}
		p.count(Found{Multiparts: aborted})
	}
	if err := p.deleteRecords(ctx); err != nil {
		return err
	}
	for _, folder := range folders {
		if err := p.deleteObjects(ctx, p.prefix(folder)); err != nil {
			return err
		}
	}
	// Nothing counts any more, and nothing is accepted for the owner.
	removed, err := p.Records.RemoveUsage(ctx, p.owner)
	if removed {
		p.count(Found{Usages: 1})
	}
	return err
}

func (p *pass) prefix(folder string) string { return folder + "/" + p.owner + "/" }

func (p *pass) count(found Found) {
	p.found.add(found)
	p.total.add(found)
	if p.Progress != nil && found != (Found{}) {
		p.Progress(*p.total)
	}
}

// deleteRecords makes tombstones of the owner's records.
func (p *pass) deleteRecords(ctx context.Context) error {
	return p.eachPage(ctx, p.owner, func(records []upload.Record) error {
		var live []upload.Record
		for _, record := range records {
			p.known[record.ID] = true
			if record.Status != upload.Deleted {
				live = append(live, record)
			}
		}
		p.proof.Tombstones += len(records) - len(live)
		err := p.markDeleted(ctx, live)
		if err == nil {
			p.count(Found{Records: len(live)})
		}
		return err
	})
}

// markDeleted makes a tombstone of each record: of many at once or, if one of them changes in the meantime, of each alone.
func (p *pass) markDeleted(ctx context.Context, records []upload.Record) error {
	deletion := Deletion{Records: p.Records, Now: p.Now}
	for some := range slices.Chunk(records, markBatch) {
		err := p.Records.MarkAllDeleted(ctx, some, p.Now().Add(upload.TombstoneLifetime))
		if err == nil {
			continue
		}
		if !errors.Is(err, upload.ErrChanged) {
			return err
		}
		for _, record := range some {
			if _, err := deletion.markDeleted(ctx, record); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteObjects removes every version under a prefix of the owner's. An upload that has no record gets a tombstone first.
func (p *pass) deleteObjects(ctx context.Context, prefix string) error {
	var last upload.KeyVersion
	for {
		versions, err := p.Objects.FirstVersions(ctx, prefix)
		if err != nil || len(versions) == 0 {
			return err
		}
		if versions[0] == last {
			return errors.New("deleting an owner's versions: the bucket still lists one that it has deleted")
		}
		last = versions[0]
		var unrecorded []upload.Record
		for _, version := range versions {
			if !strings.HasPrefix(version.Key, prefix) {
				return errors.New("listing an owner's versions: one is another's")
			}
			// Any other key is one that Postern never signed. It is removed like the rest.
			if owner, id, ok := api.ParseKey(version.Key); ok && !p.known[id] {
				p.known[id] = true
				unrecorded = append(unrecorded, upload.Record{Owner: owner, ID: id, Key: version.Key})
			}
		}
		if err := p.markDeleted(ctx, unrecorded); err != nil {
			return err
		}
		if err := p.Objects.RemoveAll(ctx, versions); err != nil {
			return err
		}
		p.count(Found{Unrecorded: len(unrecorded), Versions: len(versions)})
	}
}
