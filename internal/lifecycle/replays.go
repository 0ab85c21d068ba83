package lifecycle

import (
	"context"
	"sync"
	"time"
)

const (
	// maxDirect bounds how many replays of a key are removed at once within a period.
	maxDirect = 2
	// maxKeys bounds the keys that Replays remembers. Those of a flood of more keys are removed at once.
	maxKeys = 1000
	// maxRemoval bounds how long an inspection of a key removes versions. Meanwhile the process takes no other messages.
	maxRemoval = 5 * time.Second
)

// Replays bounds what the replays of one key take of an Inspector, since a form can be sent thousands of times a second.
// A few are removed at once. Of more, one inspection of the whole key is queued for later. What arrives before it is
// due is left to it, without a call to any store. Each process remembers its own. Replays is safe for concurrent use. A nil
// one leaves nothing for later.
type Replays struct {
	// Queue inspects a key later than Period after it was asked, by more than clocks are ever corrected.
	Queue  Queue
	Period time.Duration
	// Now is the wall clock. A monotonic one stands still while a process is frozen.
	Now func() time.Time

	mu   sync.Mutex
	keys map[string]replayed
}

// replayed is what is remembered of a key.
type replayed struct {
	since time.Time // when its replays were first removed
	count int       // of replays from then on
	due   time.Time // of the queued inspection; zero if there is none
}

// covered reports whether a queued inspection will look at the key.
func (r *Replays) covered(key string) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now, known := r.Now(), r.keys[key]
	return now.Before(known.due) && !now.Before(known.since)
}

// postpone reports whether some more replays of a key are left to an inspection, which it then has queued.
func (r *Replays) postpone(ctx context.Context, key string, more int) (bool, error) {
	if r == nil || !r.isFlood(key, more) {
		return false, nil
	}
	return true, r.later(ctx, key)
}

// remove removes versions of a key as long as it may take, then queues an inspection. It reports whether it did.
func (r *Replays) remove(ctx context.Context, objects Versions, key string, versionIDs []string) (left bool, err error) {
	if r == nil {
		return false, objects.Remove(ctx, key, versionIDs...)
	}
	limited, cancel := context.WithTimeout(ctx, maxRemoval)
	defer cancel()
	err = objects.Remove(limited, key, versionIDs...)
	if err == nil || limited.Err() == nil || ctx.Err() != nil {
		return false, err
	}
	return true, r.later(ctx, key)
}

// later queues an inspection of a key.
func (r *Replays) later(ctx context.Context, key string) error {
	asked := r.Now()
	if err := r.Queue.Inspect(ctx, key); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.keys[key]; ok {
		known.due = asked.Add(r.Period)
		r.keys[key] = known
	}
	return nil
}

// isFlood counts more replays of a key. It reports whether there are too many within the period.
func (r *Replays) isFlood(key string, more int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	known, ok := r.keys[key]
	if !ok && len(r.keys) >= maxKeys {
		r.forget(now)
		if len(r.keys) >= maxKeys {
			return false
		}
	}
	if r.isOver(known, now) {
		known = replayed{since: now}
	}
	known.count += more
	if r.keys == nil {
		r.keys = map[string]replayed{}
	}
	r.keys[key] = known
	return known.count > maxDirect
}

// forget drops the keys whose period is over.
func (r *Replays) forget(now time.Time) {
	for key, known := range r.keys {
		if r.isOver(known, now) {
			delete(r.keys, key)
		}
	}
}

// isOver reports whether a key's period is over. It is, too, if the clock was set back.
func (r *Replays) isOver(known replayed, now time.Time) bool {
	end := known.since
	if known.due.After(end) {
		end = known.due // a flood that goes on is one
	}
	return now.Before(known.since) || !now.Before(end.Add(r.Period))
}
