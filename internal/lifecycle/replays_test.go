package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// A laterQueue keeps the keys that are to be inspected later, unless it fails.
type laterQueue struct {
	keys []string
	err  error
}

func (q *laterQueue) Inspect(_ context.Context, key string) error {
	if q.err == nil {
		q.keys = append(q.keys, key)
	}
	return q.err
}

// A flooded stage has a ready upload, and an inspector that bounds its replays.
type flooded struct {
	*stage
	calls *calls
	queue *laterQueue
	clock time.Time
}

func newFlooded(t *testing.T) *flooded {
	t.Helper()
	f := &flooded{stage: newStage(), queue: &laterQueue{}, clock: now}
	f.inspect(t, arrival(f.bucket.put(key, object(60, 100, fitting))))
	f.calls = &calls{Records: f.records, Objects: f.bucket}
	f.Inspector = f.inspector(f.calls, f.calls, listener{f.heard})
	f.Replays = &lifecycle.Replays{Queue: f.queue, Period: time.Minute, Now: func() time.Time { return f.clock }}
	return f
}

// replay stores further versions, and has each inspected.
func (f *flooded) replay(t *testing.T, times int) {
	t.Helper()
	for range times {
		f.inspect(t, arrival(f.bucket.put(key, object(60, 100, fitting))))
	}
}

func (f *flooded) checkCalls(t *testing.T, name string, reads, removals, queued, versions int) {
	t.Helper()
	got := []int{f.calls.reads, f.calls.removals, len(f.queue.keys), len(f.bucket.tags(key))}
	if want := []int{reads, removals, queued, versions}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: reads, removals, queued inspections and versions %v, want %v", name, got, want)
	}
}

func TestReplaysAreLeftForLater(t *testing.T) {
	f := newFlooded(t)
	f.replay(t, 2)
	f.checkCalls(t, "a few", 2, 2, 0, 1)
	f.replay(t, 1000)
	f.checkCalls(t, "a flood", 3, 2, 1, 1001)
	f.clock = f.clock.Add(time.Minute - 1)
	f.replay(t, 1)
	f.checkCalls(t, "just before it is due", 3, 2, 1, 1002)
	f.clock = f.clock.Add(1)
	f.replay(t, 1)
	f.checkCalls(t, "the flood goes on", 4, 2, 2, 1003)
	f.inspect(t, arrival("")) // as queued
	f.checkCalls(t, "the queued inspection", 5, 3, 2, 1)
	f.check(t, "end", "ready v1 published, used 66 in 1, map[v1:ready]")
	if got := strings.Count(f.log.String(), "\n"); got != 1+2+2+1 {
		t.Errorf("%d lines in the log, want one of the verdict, 2 of the first replays, 2 of the flood and one of the end:\n%s", got, f.log)
	}
	f.clock = f.clock.Add(2 * time.Minute)
	f.replay(t, 1)
	f.checkCalls(t, "calm again", 6, 4, 2, 1)
}

// The clock is corrected, or the queue takes nothing: then nothing counts as queued.
func TestReplaysThatNobodyWouldInspect(t *testing.T) {
	f := newFlooded(t)
	f.replay(t, 3)
	f.checkCalls(t, "a flood", 3, 2, 1, 2)
	f.clock = f.clock.Add(-time.Second)
	f.replay(t, 1)
	f.checkCalls(t, "the clock is set back", 4, 3, 1, 2)

	f = newFlooded(t)
	f.replay(t, 2)
	f.queue.err = errFault
	for range 2 {
		a := arrival(f.bucket.put(key, object(60, 100, fitting)))
		if err := f.Inspect(t.Context(), a); err == nil {
			t.Error("the queue fails, and nobody hears of it")
		}
	}
	f.checkCalls(t, "the queue fails", 4, 2, 0, 3)
}

// What has no version in its message is never left for later: it is the queued inspection itself, or a deletion's.
func TestKeysAreNeverLeftForLater(t *testing.T) {
	f := newFlooded(t)
	f.replay(t, 10)
	f.inspect(t, arrival(""))
	f.checkCalls(t, "a key", 4, 3, 1, 1)
}

// Several replays in one batch are a flood at once.
func TestReplaysTogetherAreLeftForLater(t *testing.T) {
	f := newFlooded(t)
	var arrivals []lifecycle.Arrival
	for range 3 {
		arrivals = append(arrivals, arrival(f.bucket.put(key, object(60, 100, fitting))))
	}
	if err := f.Inspect(t.Context(), arrivals[0], arrivals[1:]...); err != nil {
		t.Fatal(err)
	}
	f.checkCalls(t, "a batch", 1, 0, 1, 4)
}

// slow removes one version, and is then out of time.
type slow struct{ lifecycle.Objects }

func (s slow) Remove(ctx context.Context, key string, versionIDs ...string) error {
	if err := s.Objects.Remove(ctx, key, versionIDs[0]); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// An inspection of a key removes versions for a few seconds, and has the rest removed later. It fails only if its own time
// is over.
func TestRemovalTakesAFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlooded(t)
		for range 9 {
			f.bucket.put(key, object(60, 100, fitting))
		}
		whole := f.Objects
		f.Objects = slow{whole}
		begin := time.Now()
		f.inspect(t, arrival(""))
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it took %s, want 5 s", took)
		}
		f.checkCalls(t, "slow", 1, 1, 1, 9)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Inspect(ctx, arrival("")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the time is over", err)
		}
		f.Objects = whole
		f.inspect(t, arrival(""))
		f.checkCalls(t, "fast again", 3, 3, 1, 1)
	})
}

// settled says of every id that its first version is ready.
type settled struct{ lifecycle.Records }

func (settled) Record(_ context.Context, owner, id string) (upload.Record, bool, error) {
	key := "videos/" + owner + "/" + id
	return upload.Record{Owner: owner, ID: id, Key: key, VersionID: "v0", Status: upload.Ready, Published: true}, true, nil
}

// A flood of ever other keys is not remembered without end.
func TestReplaysOfManyKeys(t *testing.T) {
	f := newFlooded(t)
	f.Records = settled{}
	flood := func(upload, times int) {
		a, _ := lifecycle.ParseArrival(fmt.Sprintf("videos/%s/%032x.mp4", owner, upload), "")
		for range times {
			a.VersionID = f.bucket.put(a.Key, object(0, 100, fitting))
			f.inspect(t, a)
		}
	}
	for upload := range 1000 {
		flood(upload, 1)
	}
	flood(1000, 10)
	if len(f.queue.keys) != 0 || f.calls.removals != 1010 {
		t.Errorf("%d removals, queued %q: the memory is full, so that all are removed at once", f.calls.removals, f.queue.keys)
	}
	f.clock = f.clock.Add(time.Minute)
	flood(1000, 10)
	if len(f.queue.keys) != 1 {
		t.Errorf("queued %q, want one: the others are forgotten", f.queue.keys)
	}
}
