package main

import (
	"container/list"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"
)

const (
	// cacheLifetime is the maximum age of a user, of its usage and of whom it may act for.
	cacheLifetime = 60 * time.Second
	// refusalLifetime is the maximum age of a refusal. It is shorter, so that a new password is soon taken that was tried
	// before it was one.
	refusalLifetime = 10 * time.Second

	cacheSize = 1024 // values
)

// A cache remembers values by name. A name may be a secret such as a credential: only its digest is kept,
// keyed with a key of this process. It is safe for concurrent use.
type cache[V any] struct {
	now      func() time.Time
	lifetime time.Duration // maximum age of a value

	mu      sync.Mutex
	mac     hash.Hash // with the process's key
	entries map[digest]*list.Element
	ages    *list.List // of entry[V], the oldest first
}

type digest [sha256.Size]byte

type entry[V any] struct {
	digest digest
	value  V
	stored time.Time
}

// newCache returns an empty cache of values that live for lifetime. Its key is read from random. now is a wall clock.
func newCache[V any](random io.Reader, now func() time.Time, lifetime time.Duration) (*cache[V], error) {
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	return &cache[V]{now: now, lifetime: lifetime, mac: hmac.New(sha256.New, key), entries: map[digest]*list.Element{}, ages: list.New()}, nil
}

// get returns the value that was put under the name less than the cache's lifetime ago.
func (c *cache[V]) get(name string) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[c.digest(name)]
	if !ok || c.isExpired(element) {
		return value, false
	}
	return element.Value.(entry[V]).value, true
}

// put remembers a value, in place of the oldest when the cache is full.
func (c *cache[V]) put(name string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	digest := c.digest(name)
	c.remove(c.entries[digest])
	for oldest := c.ages.Front(); oldest != nil && (c.ages.Len() >= cacheSize || c.isExpired(oldest)); oldest = c.ages.Front() {
		c.remove(oldest)
	}
	c.entries[digest] = c.ages.PushBack(entry[V]{digest, value, c.now()})
}

// isExpired reports whether an entry is too old, or of the future: a clock that was set back leaves such behind.
func (c *cache[V]) isExpired(element *list.Element) bool {
	age := c.now().Sub(element.Value.(entry[V]).stored)
	return age < 0 || age >= c.lifetime
}

func (c *cache[V]) remove(element *list.Element) {
	if element == nil {
		return
	}
	delete(c.entries, element.Value.(entry[V]).digest)
	c.ages.Remove(element)
}

// digest returns the digest of a name. The caller holds the lock.
func (c *cache[V]) digest(name string) (d digest) {
	c.mac.Reset()
	_, _ = io.WriteString(c.mac, name)
	c.mac.Sum(d[:0])
	return d
}
