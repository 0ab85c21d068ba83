package lifecycle_test

import (
	"context"
	"errors"
	"time"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// An outcome is what becomes of a call to a backend.
type outcome int

const (
	fine        outcome = iota
	faultBefore         // it fails without effect
	faultAfter          // it has its effect, and fails
	crashBefore         // the process dies before the call
	crashAfter          // the process dies after the call had its effect
	conflict            // a write meets others, and is done in the end
	conflicts           // a write meets others until it gives up
)

var outcomeNames = [...]string{"fine", "fault before", "fault after", "crash before", "crash after", "conflict", "conflicts"}

var (
	errFault = errors.New("a backend's fault")
	errDead  = errors.New("the process is dead")
)

// A process runs until it calls a backend, and there waits to be told what becomes of the call. So any number of them can
// be interleaved in any order, and the same order again.
type process struct {
	waiting  chan struct{} // closed at its end
	outcomes chan outcome
	table    *table
	upload   string // that it inspects, if it does
	changes  string // that it deletes or describes, or the owner of all that it deletes

	dead, ended bool
	err         error // once it has ended
}

func start(table *table, run func(*process) error) *process {
	p := &process{waiting: make(chan struct{}), outcomes: make(chan outcome), table: table}
	go func() {
		defer close(p.waiting)
		p.err = run(p)
	}()
	p.await()
	return p
}

// await returns when the process waits or has ended.
func (p *process) await() {
	_, waits := <-p.waiting
	p.ended = !waits
}

// step lets the process go on to its next call.
func (p *process) step(o outcome) {
	if !p.ended {
		p.outcomes <- o
		p.await()
	}
}

// call is the process's view of a call to a backend. One that is dead has no effect any more.
func (p *process) call(effect func() error) error {
	if p.dead {
		return errDead
	}
	p.waiting <- struct{}{}
	o := <-p.outcomes
	switch o {
	case crashBefore:
		p.dead = true
		return errDead
	case faultBefore:
		return errFault
	case conflict:
		p.table.conflicts = 2
	case conflicts:
		p.table.conflicts = 1000
	}
	err := effect()
	p.table.conflicts = 0
	switch o {
	case crashAfter:
		p.dead = true
		return errDead
	case faultAfter:
		return errFault
	}
	return err
}

// steppedRecords, steppedObjects and steppedEvents are the backends as a process sees them.
type (
	steppedRecords struct {
		*process
		to lifecycle.Records
	}
	steppedObjects struct {
		*process
		to bucket
	}
	steppedEvents struct {
		*process
		to lifecycle.Events
	}
	steppedQueue struct {
		*process
		to lifecycle.Queue
	}
)

// bucket is all that a bucket does.
type bucket interface {
	lifecycle.Objects
	lifecycle.Remains
}

func (s steppedRecords) Record(ctx context.Context, owner, id string) (record upload.Record, found bool, err error) {
	err = s.call(func() (err error) {
		record, found, err = s.to.Record(ctx, owner, id)
		return err
	})
	return record, found, err
}

func (s steppedRecords) IsRemoved(ctx context.Context, owner string) (removed bool, err error) {
	err = s.call(func() (err error) {
		removed, err = s.to.IsRemoved(ctx, owner)
		return err
	})
	return removed, err
}

func (s steppedRecords) Accept(ctx context.Context, record upload.Record, quota upload.Usage) error {
	return s.call(func() error { return s.to.Accept(ctx, record, quota) })
}

func (s steppedRecords) AcceptFromLink(ctx context.Context, record upload.Record, quota upload.Usage, link upload.LinkLimits) error {
	return s.call(func() error { return s.to.AcceptFromLink(ctx, record, quota, link) })
}

func (s steppedRecords) LinkState(ctx context.Context, owner, id string) (state upload.LinkState, err error) {
	err = s.call(func() (err error) {
		state, err = s.to.LinkState(ctx, owner, id)
		return err
	})
	return state, err
}

func (s steppedRecords) SetVerdict(ctx context.Context, record upload.Record) (judged upload.Record, err error) {
	err = s.call(func() (err error) {
		judged, err = s.to.SetVerdict(ctx, record)
		return err
	})
	return judged, err
}

func (s steppedRecords) MarkPublished(ctx context.Context, record upload.Record) error {
	return s.call(func() error { return s.to.MarkPublished(ctx, record) })
}

func (s steppedRecords) MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (tombstone upload.Record, err error) {
	err = s.call(func() (err error) {
		tombstone, err = s.to.MarkDeleted(ctx, record, expires)
		return err
	})
	return tombstone, err
}

func (s steppedObjects) Open(ctx context.Context, key, versionID string) (object upload.Object, err error) {
	err = s.call(func() (err error) {
		object, err = s.to.Open(ctx, key, versionID)
		return err
	})
	return object, err
}

func (s steppedObjects) Tag(ctx context.Context, key, versionID string, status upload.Status) error {
	return s.call(func() error { return s.to.Tag(ctx, key, versionID, status) })
}

// Remove removes one version after the other, so that it can fail or be cut short between any two.
func (s steppedObjects) Remove(ctx context.Context, key string, versionIDs ...string) error {
	for _, id := range versionIDs {
		if err := s.call(func() error { return s.to.Remove(ctx, key, id) }); err != nil {
			return err
		}
	}
	return nil
}

func (s steppedObjects) Versions(ctx context.Context, key string) (versions []upload.Version, err error) {
	err = s.call(func() (err error) {
		versions, err = s.to.Versions(ctx, key)
		return err
	})
	return versions, err
}

func (s steppedObjects) AbortUploads(ctx context.Context, key string) error {
	return s.call(func() error { return s.to.AbortUploads(ctx, key) })
}

func (s steppedEvents) Publish(ctx context.Context, event upload.Event) error {
	return s.call(func() error { return s.to.Publish(ctx, event) })
}

func (s steppedQueue) Inspect(ctx context.Context, key string) error {
	return s.call(func() error { return s.to.Inspect(ctx, key) })
}
