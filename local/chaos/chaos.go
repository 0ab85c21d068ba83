// Package chaos decides what fails on purpose, as on a bad day of AWS: messages come twice, late and in another order, calls
// are refused or fail, functions end in the middle.
package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// A kind is a kind of fault.
type kind int

// The kinds.
const (
	duplicate kind = iota
	delay
	reorder
	throttle
	conflict
	failBefore
	failAfter
	killBefore
	killAfter
	cutBefore
	cutAfter
	kinds
)

// names are the kinds' names in the summary.
var names = [kinds]string{
	"messages duplicated", "messages delayed", "batches reordered", "calls throttled", "transactions in conflict",
	"calls failed without effect", "calls failed after their effect", "functions killed before a call", "functions killed after a call",
	"requests of clients cut off", "answers to clients dropped",
}

// odds are the probabilities of the kinds, for a message, a batch or a call. The SDK's three attempts nearly always succeed. A
// message takes some eight calls, so that one in twenty is killed, and two in five of the batches of ten.
var odds = [kinds]float64{
	duplicate: 0.10, delay: 0.20, reorder: 0.20, throttle: 0.03, conflict: 0.04, failBefore: 0.015, failAfter: 0.015, killBefore: 0.003, killAfter: 0.003,
	cutBefore: 0.08, cutAfter: 0.08,
}

// longestDelay is the maximum delay of a message or its duplicate.
const longestDelay = 400 * time.Millisecond

// Chaos is a source of decisions. The decisions of each kind follow from the seed. It is safe for concurrent use.
type Chaos struct {
	seed   uint64
	queued map[string]bool // roles

	mu      sync.Mutex
	sources [kinds]*rand.Rand
	counts  [kinds]int
	kill    func(role string)
}

// New returns the decisions of a seed. Queued are the roles (logical ids) of functions that a queue feeds. Only these are
// killed, and only their calls fail after their effect, because a redelivery repairs both.
func New(seed uint64, queued []string) *Chaos {
	c := &Chaos{seed: seed, queued: make(map[string]bool), kill: func(string) {}}
	for _, role := range queued {
		c.queued[role] = true
	}
	for k := range c.sources {
		c.sources[k] = rand.New(rand.NewPCG(seed, uint64(k)))
	}
	return c
}

// OnKill sets how a busy function of a role is killed.
func (c *Chaos) OnKill(kill func(role string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kill = kill
}

// happens decides whether a fault of a kind occurs now, and counts it.
func (c *Chaos) happens(k kind) bool {
	if c.sources[k].Float64() >= odds[k] {
		return false
	}
	c.counts[k]++
	return true
}

// Copies implements queue.Faults: there are one or two.
func (c *Chaos) Copies() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	copies := []time.Duration{0}
	if c.happens(delay) {
		copies[0] = c.later(delay)
	}
	if c.happens(duplicate) {
		copies = append(copies, c.later(duplicate))
	}
	return copies
}

func (c *Chaos) later(k kind) time.Duration {
	return time.Duration(c.sources[k].Int64N(int64(longestDelay)))
}

// Reorder implements queue.Faults.
func (c *Chaos) Reorder() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.happens(reorder)
}

// A Call is a function's call of a service.
type Call struct {
	Role string // logical id, of the caller
	// Service is the service's name: "dynamodb", "s3".
	Service string
	// Transaction reports whether other transactions may conflict with it.
	Transaction bool
	// Final reports whether the caller makes no further attempt.
	Final bool
	// Client reports whether no function calls, but a client with a request that one has signed.
	Client bool
}

// A Fault is the way in which a call fails.
type Fault int

// The faults.
const (
	None     Fault = iota
	Throttle       // the caller is asked to slow down
	Conflict       // another transaction works on the same items
	Failure        // the service has failed
	Cut            // the connection breaks
)

// Before implements awsserver.Faults.
func (c *Chaos) Before(call Call) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.Client {
		return c.beforeClient()
	}
	if c.killed(killBefore, call) {
		return Failure
	}
	switch {
	case !faulty(call) || call.Final && !c.queued[call.Role]:
		return None
	case call.Transaction && c.happens(conflict):
		return Conflict
	case c.happens(throttle):
		return Throttle
	case c.happens(failBefore):
		return Failure
	}
	return None
}

// After implements awsserver.Faults.
func (c *Chaos) After(call Call) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.Client {
		if c.happens(cutAfter) {
			return Cut
		}
		return None
	}
	if c.killed(killAfter, call) {
		return Failure
	}
	if c.queued[call.Role] && faulty(call) && c.happens(failAfter) {
		return Failure
	}
	return None
}

// beforeClient decides on a client's request.
func (c *Chaos) beforeClient() Fault {
	switch {
	case c.happens(cutBefore):
		return Cut
	case c.happens(throttle):
		return Throttle
	case c.happens(failBefore):
		return Failure
	}
	return None
}

// faulty reports whether a call of this service may fail.
func faulty(call Call) bool { return call.Service == "dynamodb" || call.Service == "s3" }

// killed decides whether a function is killed at a call, and kills it.
func (c *Chaos) killed(k kind, call Call) bool {
	if !c.queued[call.Role] || !c.happens(k) {
		return false
	}
	c.kill(call.Role)
	return true
}

// String returns the seed and the number of faults of each kind.
func (c *Chaos) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]string, kinds)
	for k, n := range c.counts {
		all[k] = fmt.Sprintf("%d %s", n, names[k])
	}
	return fmt.Sprintf("seed %d: %s", c.seed, strings.Join(all, ", "))
}

// Seed returns the seed.
func (c *Chaos) Seed() uint64 { return c.seed }
