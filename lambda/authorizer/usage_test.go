package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"postern/internal/upload"
)

func TestRemaining(t *testing.T) {
	for _, test := range []struct {
		quota, used int64
		want        string
	}{
		{100, 0, "100"},
		{100, 99, "1"},
		{100, 100, "0"},
		{100, 101, "0"},  // the quota was made smaller
		{100, -1, "100"}, // somebody has reset the usage: no more than the quota is left, and nobody is locked out
		{100, math.MinInt64, "0"},
		{0, 0, "0"},
		{0, math.MaxInt64, "0"},
		{math.MaxInt64, 1, "9223372036854775806"},
	} {
		b := newBench(t)
		b.defaultQuota, b.kept.used[demoOwner] = test.quota, upload.Usage{Bytes: test.used, Files: 5}
		got, err := b.handle(t.Context(), requestOf(t, demo))
		if err != nil || got.Context["remaining"] != test.want || got.Context["quota"] != fmt.Sprint(test.quota) || got.Context["remainingFiles"] != "15" {
			t.Errorf("%d of %d used: got %v, %v, want %s remaining", test.used, test.quota, got.Context, err, test.want)
		}
		b = newBench(t) // and the same for files
		b.defaultFileQuota, b.kept.used[demoOwner] = test.quota, upload.Usage{Bytes: 500, Files: test.used}
		got, err = b.handle(t.Context(), requestOf(t, demo))
		if err != nil || got.Context["remainingFiles"] != test.want || got.Context["fileQuota"] != fmt.Sprint(test.quota) || got.Context["remaining"] != "1500" {
			t.Errorf("%d of %d files used: got %v, %v, want %s remaining", test.used, test.quota, got.Context, err, test.want)
		}
	}
}

// What remains is that of the owner acted for. It is read once a minute for each owner, as is that of the caller, who may be
// blocked. Who is not known costs no read.
func TestUsageIsReadOnceAMinute(t *testing.T) {
	b := newBench(t)
	call := func(event request, remaining any, reads int) {
		t.Helper()
		got, err := b.handle(t.Context(), event)
		if err != nil || got.Context["remaining"] != remaining || b.kept.reads != reads {
			t.Errorf("got %v, %v after %d reads, want %v remaining after %d", got.Context, err, b.kept.reads, remaining, reads)
		}
	}
	pattern := requestOf(t, service, "demo@example.com")
	pattern.MethodArn += "/*"
	call(pattern, nil, 0) // denied
	if _, err := b.handle(t.Context(), requestOf(t, basic("demo@example.com", "wrong-password"))); !errors.Is(err, errUnauthorized) || b.kept.reads != 0 {
		t.Errorf("wrong password: got %v after %d reads, want errUnauthorized after none", err, b.kept.reads)
	}

	call(requestOf(t, demo, "limited@example.com"), nil, 1) // denied
	call(requestOf(t, demo, "a@x.com", "b@x.com"), "0", 1)  // nobody
	call(requestOf(t, demo), "1500", 1)
	call(requestOf(t, service, "malformed"), "0", 2)           // nobody
	call(requestOf(t, service, "demo@example.com"), "1500", 2) // the same owner
	call(requestOf(t, service), "0", 2)
	b.kept.used[demoOwner] = upload.Usage{Bytes: 600}
	b.clock.move(59 * time.Second)
	call(requestOf(t, demo), "1500", 2)
	b.clock.move(time.Second)
	call(requestOf(t, demo), "1400", 3)
	call(requestOf(t, demo), "1400", 3)
}

// failingUsages fail as often as they are told, with a number that would be good news.
type failingUsages struct {
	err   error
	times int
}

func (u *failingUsages) Account(context.Context, string) (upload.Account, error) {
	if u.times--; u.times < 0 {
		return upload.Account{Usage: upload.Usage{Bytes: 500}}, nil
	}
	return upload.Account{}, u.err
}

// failingRemovals fail, with an answer that would be good news.
type failingRemovals struct{ err error }

func (r failingRemovals) IsRemoved(context.Context, string) (bool, error) { return false, r.err }

func TestUsageThatCannotBeReadIsNotUnlimited(t *testing.T) {
	b := newBench(t)
	b.usages = &failingUsages{errors.New("the table is on fire"), 2}
	for range 2 { // a fault is not remembered, and nothing stands in for what is not known
		got, err := b.handle(t.Context(), requestOf(t, demo))
		checkRefused(t, "fault", got, err, "internal error")
	}
	if got, err := b.handle(t.Context(), requestOf(t, demo)); err != nil || got.Context["remaining"] != "1500" {
		t.Errorf("after the fault: got %v, %v, want 1500 remaining", got.Context, err)
	}

	// Nor is what was known a minute ago.
	b.usages = &failingUsages{errors.New("the table is on fire"), 1}
	b.clock.move(time.Minute)
	got, err := b.handle(t.Context(), requestOf(t, demo))
	checkRefused(t, "fault after a minute", got, err, "internal error")
}
