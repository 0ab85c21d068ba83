package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)} }

func (c *clock) now() time.Time        { return c.at }
func (c *clock) move(by time.Duration) { c.at = c.at.Add(by) }

func cacheOf[V any](t *testing.T, c *clock, lifetime time.Duration) *cache[V] {
	t.Helper()
	cache, err := newCache[V](strings.NewReader(strings.Repeat("k", 32)), c.now, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func TestCacheForgetsAfterAMinute(t *testing.T) {
	clock := newClock()
	cache := cacheOf[identity.User](t, clock, cacheLifetime)
	user := identity.User{Mail: "demo@example.com"}
	cache.put("a", user)
	for _, step := range []struct {
		by   time.Duration
		want bool
	}{
		{0, true},
		{59_999 * time.Millisecond, true},
		{time.Millisecond, false},
		{-61 * time.Second, false}, // the clock was set back before the entry was made
	} {
		clock.move(step.by)
		got, ok := cache.get("a")
		if ok != step.want || ok && cmp.Diff(got, user) != "" {
			t.Errorf("after %v: got %+v, %t, want %t", step.by, got, ok, step.want)
		}
	}
	if _, ok := cache.get("b"); ok {
		t.Error("got a user of a header that was never put")
	}
}

func TestCachePutAgainLivesAnew(t *testing.T) {
	clock := newClock()
	cache := cacheOf[identity.User](t, clock, cacheLifetime)
	cache.put("a", identity.User{Owner: "old"})
	clock.move(40 * time.Second)
	cache.put("a", identity.User{Owner: "new"})
	clock.move(40 * time.Second)
	if got, ok := cache.get("a"); !ok || got.Owner != "new" || len(cache.entries) != 1 || cache.ages.Len() != 1 {
		t.Errorf("got %+v, %t of %d entries, want the new one alone", got, ok, len(cache.entries))
	}
}

func TestCacheIsBounded(t *testing.T) {
	clock := newClock()
	cache := cacheOf[identity.User](t, clock, cacheLifetime)
	for i := range 1030 {
		cache.put(fmt.Sprint(i), identity.User{})
		clock.move(time.Millisecond)
	}
	if len(cache.entries) != 1024 || cache.ages.Len() != 1024 {
		t.Errorf("%d entries of %d ages, want 1024", len(cache.entries), cache.ages.Len())
	}
	for header, want := range map[string]bool{"0": false, "5": false, "6": true, "1029": true} {
		if _, ok := cache.get(header); ok != want {
			t.Errorf("holds header %s: %t, want %t", header, ok, want)
		}
	}
	clock.move(time.Minute)
	cache.put("new", identity.User{})
	if len(cache.entries) != 1 {
		t.Errorf("%d entries after a minute, want 1", len(cache.entries))
	}
}

func TestCacheHoldsNoHeader(t *testing.T) {
	cache := cacheOf[identity.User](t, newClock(), cacheLifetime)
	other, err := newCache[identity.User](strings.NewReader(strings.Repeat("l", 32)), newClock().now, cacheLifetime)
	if err != nil {
		t.Fatal(err)
	}
	if cache.digest("a") == other.digest("a") || cache.digest("a") == cache.digest("b") {
		t.Error("the digest does not depend on the key and on the header")
	}
	if strings.Contains(fmt.Sprintf("%s", cache.digest("planted")), "planted") {
		t.Error("the digest holds the header")
	}
}

func TestCacheNeedsRandomness(t *testing.T) {
	broken := errors.New("no randomness")
	if _, err := newCache[int64](iotest.ErrReader(broken), newClock().now, cacheLifetime); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	cache := cacheOf[identity.User](t, newClock(), cacheLifetime)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 500 {
				header := fmt.Sprint(worker, i%50)
				cache.put(header, identity.User{Owner: header})
				if got, ok := cache.get(header); ok && got.Owner != header {
					t.Errorf("header %s gives the user of %s", header, got.Owner)
				}
			}
		})
	}
	group.Wait()
}
