package main

import (
	"container/list"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"time"

	"postern/lambda/identity"
)

const (
	// cacheLifetime is how long a verified user may go on after its row has changed.
	cacheLifetime = 60 * time.Second
	cacheSize     = 1024 // users
)

// A cache remembers users whose credentials are verified, so that a second request needs no derivation. It holds no
// refusal, and no password: it knows an Authorization header by its digest, which is keyed with a key of this process.
// It is safe for concurrent use.
type cache struct {
	key []byte
	now func() time.Time

	mu      sync.Mutex
	entries map[digest]*list.Element
	ages    *list.List // of entry, the oldest first
}

type digest [sha256.Size]byte

type entry struct {
	digest digest
	user   identity.User
	stored time.Time
}

// newCache returns an empty cache whose key is read from random. now is a wall clock.
func newCache(random io.Reader, now func() time.Time) (*cache, error) {
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	return &cache{key: key, now: now, entries: map[digest]*list.Element{}, ages: list.New()}, nil
}

// get returns the user whose credentials the header held at most cacheLifetime ago.
func (c *cache) get(header string) (identity.User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[c.digest(header)]
	if !ok || c.isOver(element) {
		return identity.User{}, false
	}
	return element.Value.(entry).user, true
}

// put remembers a user whose credentials the header holds, in place of the oldest when the cache is full.
func (c *cache) put(header string, user identity.User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	digest := c.digest(header)
	c.remove(c.entries[digest])
	for oldest := c.ages.Front(); oldest != nil && (c.ages.Len() >= cacheSize || c.isOver(oldest)); oldest = c.ages.Front() {
		c.remove(oldest)
	}
	c.entries[digest] = c.ages.PushBack(entry{digest, user, c.now()})
}

// isOver is true as well for an entry of the future, which a clock that was set back leaves behind.
func (c *cache) isOver(element *list.Element) bool {
	age := c.now().Sub(element.Value.(entry).stored)
	return age < 0 || age >= cacheLifetime
}

func (c *cache) remove(element *list.Element) {
	if element == nil {
		return
	}
	delete(c.entries, element.Value.(entry).digest)
	c.ages.Remove(element)
}

func (c *cache) digest(header string) digest {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(header))
	return digest(mac.Sum(nil))
}
