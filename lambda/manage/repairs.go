package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"postern/internal/lifecycle"
)

const (
	// repairInterval is the least time between two inspections of one key that are queued here.
	repairInterval = time.Minute
	// maxRepairs bounds how many keys are remembered.
	maxRepairs = 1000
)

// repairs queues keys whose inspection is overdue. It is safe for concurrent use.
type repairs struct {
	queue lifecycle.Queue
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	queued map[string]time.Time // by key
}

// inspect queues a key, unless it was queued lately. A failure is logged and no more: a later read tries again.
func (r *repairs) inspect(ctx context.Context, key string) {
	if !r.isDue(key) {
		return
	}
	if err := r.queue.Inspect(ctx, key); err != nil {
		r.forget(key)
		r.log.ErrorContext(ctx, "repair failed", "error", err.Error())
	}
}

func (r *repairs) forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.queued, key)
}

// isDue reports whether a key is to be queued now. If so, it notes it as queued.
func (r *repairs) isDue(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if last, ok := r.queued[key]; ok && now.Sub(last) < repairInterval {
		return false
	}
	if r.queued == nil || len(r.queued) >= maxRepairs {
		r.queued = map[string]time.Time{}
	}
	r.queued[key] = now
	return true
}
