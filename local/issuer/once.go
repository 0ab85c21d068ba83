package issuer

import (
	"encoding/hex"
	"io"
	"maps"
	"sync"
	"time"
)

// maxKept bounds what is kept that nobody has come for.
const maxKept = 1000

// A once keeps values under random names. Each is given out one time, within a lifetime. It is safe for concurrent use.
type once[T any] struct {
	random   io.Reader
	now      func() time.Time
	lifetime time.Duration

	mu   sync.Mutex
	kept map[string]expiring[T]
}

type expiring[T any] struct {
	value T
	until time.Time
}

func newOnce[T any](random io.Reader, now func() time.Time, lifetime time.Duration) *once[T] {
	return &once[T]{random: random, now: now, lifetime: lifetime, kept: map[string]expiring[T]{}}
}

// put keeps a value and returns its name, of 256 random bits.
func (o *once[T]) put(value T) (string, error) {
	bytes := make([]byte, 32)
	if _, err := io.ReadFull(o.random, bytes); err != nil {
		return "", err
	}
	name := hex.EncodeToString(bytes)
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	maps.DeleteFunc(o.kept, func(_ string, e expiring[T]) bool { return !now.Before(e.until) || len(o.kept) >= maxKept })
	o.kept[name] = expiring[T]{value, now.Add(o.lifetime)}
	return name, nil
}

// take returns a value and forgets it. It reports false if there is none, or its time is over.
func (o *once[T]) take(name string) (T, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e, ok := o.kept[name]
	delete(o.kept, name)
	if !ok || !o.now().Before(e.until) {
		var none T
		return none, false
	}
	return e.value, true
}
