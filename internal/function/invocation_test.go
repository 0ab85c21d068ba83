package function_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"postern/internal/function"
)

const marker = "planted-secret"

func TestGuard(t *testing.T) {
	fault := errors.New("a fault")
	if err := function.Guard(func() error { return fault }); !errors.Is(err, fault) {
		t.Errorf("got %v, want the error", err)
	}
	if err := function.Guard(func() error { return nil }); err != nil {
		t.Errorf("got %v, want none", err)
	}
	var none []int
	for name, test := range map[string]struct {
		part func() error
		want string
	}{
		"text":    {func() error { panic(marker) }, "panic: string\n"},
		"error":   {func() error { panic(errors.New(marker)) }, "panic: *errors.errorString\n"},
		"runtime": {func() error { none[0] = 1; return nil }, "panic: runtime error: index out of range [0] with length 0\n"},
	} {
		err := function.Guard(test.part)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.Contains(err.Error(), "invocation_test.go:") {
			t.Errorf("%s: got %v, want %q and the stack", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), marker) {
			t.Errorf("%s: the error holds personal data: %v", name, err)
		}
	}
}

func TestWithMargin(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	late, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	ctx, cancel := function.WithMargin(late, time.Minute)
	defer cancel()
	if got, ok := ctx.Deadline(); !ok || !got.Equal(deadline.Add(-time.Minute)) {
		t.Errorf("got %v, %t, want a minute before %v", got, ok, deadline)
	}
	ctx, cancel = function.WithMargin(t.Context(), time.Minute)
	if _, ok := ctx.Deadline(); ok {
		t.Error("a deadline where there was none")
	}
	if cancel(); ctx.Err() == nil {
		t.Error("it cannot be cancelled")
	}
}

func TestWallClockHasNoMonotonicPart(t *testing.T) {
	if now := function.WallClock(); strings.Contains(now.String(), "m=") || time.Since(now) > time.Minute {
		t.Errorf("got %v", now)
	}
}
