// Package chaos decides what goes wrong on purpose, so that what AWS does on a bad day happens on this machine too:
// messages that come twice, late and in another order, calls that are refused or fail, functions that end in the middle.
package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// A kind is one thing that goes wrong.
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
	kinds
)

// names are the kinds as the summary has them.
var names = [kinds]string{
	"messages duplicated", "messages delayed", "batches reordered", "calls throttled", "transactions in conflict",
	"calls failed without effect", "calls failed after their effect", "functions killed before a call", "functions killed after a call",
}

// odds are how likely each kind is: for a message, a batch, a call. The SDK's three attempts nearly always get through. A
// message takes some eight calls, so that one in twenty is killed, and two in five of the batches of ten.
var odds = [kinds]float64{
	duplicate: 0.10, delay: 0.20, reorder: 0.20, throttle: 0.03, conflict: 0.04, failBefore: 0.015, failAfter: 0.015, killBefore: 0.003, killAfter: 0.003,
}

// longestDelay is how much later a message comes, or its duplicate.
const longestDelay = 400 * time.Millisecond

// Chaos is a source of decisions. Those of each kind follow from the seed, in the order in which they are asked for. It is
// safe for concurrent use.
type Chaos struct {
	seed   uint64
	queued map[string]bool // roles

	mu      sync.Mutex
	sources [kinds]*rand.Rand
	counts  [kinds]int
	kill    func(role string)
}

// New returns the decisions of a seed. Queued are the roles (logical ids) of functions that a queue feeds: they alone are
// killed, and have calls that fail although they had an effect, because a redelivery repairs both.
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

// OnKill says how a function of a role is killed that serves an invocation now.
func (c *Chaos) OnKill(kill func(role string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kill = kill
}

// happens decides whether a kind goes wrong now, and counts it.
func (c *Chaos) happens(k kind) bool {
	if c.sources[k].Float64() >= odds[k] {
		return false
	}
	c.counts[k]++
	return true
}

// Copies are the copies of a message that is sent, one or two, by their delays.
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

// Reorder reports whether a batch is handed out in the reverse order.
func (c *Chaos) Reorder() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.happens(reorder)
}

// A Call is what a function calls.
type Call struct {
	Role string // logical id, of the caller
	// Service is the service's name: "dynamodb", "s3".
	Service string
	// Transaction is whether it is one that others can be in conflict with.
	Transaction bool
	// Final is whether the caller does not repeat it.
	Final bool
}

// A Fault is what goes wrong with a call.
type Fault int

// The faults.
const (
	None     Fault = iota
	Throttle       // the caller is to slow down
	Conflict       // another transaction works on the same
	Failure        // the service has failed
)

// Before decides on a call before it has an effect.
func (c *Chaos) Before(call Call) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
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

// After decides on a call that has had its effect, and whose answer is not sent yet.
func (c *Chaos) After(call Call) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed(killAfter, call) {
		return Failure
	}
	if c.queued[call.Role] && faulty(call) && c.happens(failAfter) {
		return Failure
	}
	return None
}

// faulty reports whether a call is one that fails now and then.
func faulty(call Call) bool { return call.Service == "dynamodb" || call.Service == "s3" }

// killed decides whether a function of a queued role ends at a call, and ends it.
func (c *Chaos) killed(k kind, call Call) bool {
	if !c.queued[call.Role] || !c.happens(k) {
		return false
	}
	c.kill(call.Role)
	return true
}

// String is the seed, and how often each kind has occurred.
func (c *Chaos) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]string, kinds)
	for k, n := range c.counts {
		all[k] = fmt.Sprintf("%d %s", n, names[k])
	}
	return fmt.Sprintf("seed %d: %s", c.seed, strings.Join(all, ", "))
}

// Seed is the seed.
func (c *Chaos) Seed() uint64 { return c.seed }
