package runtime

import (
	"crypto/rand"
	"sync"
	"time"
)

// A sandbox is one process's side of the Runtime API. Its token is part of the address that the process gets, so that no
// process can ask or answer for another.
type sandbox struct {
	token   string
	process *process
	asking  chan struct{}    // gets an entry each time the process begins to ask for an invocation
	next    chan *invocation // has room for the one invocation that the process asks for

	mu      sync.Mutex
	waiting bool        // the process is asking
	current *invocation // given to the process and not answered
}

// An invocation is one event that a process handles.
type invocation struct {
	id       string
	arn      string
	payload  []byte
	deadline time.Time
	answer   chan answer // has room for the one answer
}

// An answer is the result of an invocation.
type answer struct {
	payload []byte
	err     error
}

func newSandbox() *sandbox {
	return &sandbox{
		token:  rand.Text(),
		asking: make(chan struct{}, 1),
		next:   make(chan *invocation, 1),
	}
}

func newInvocation(id, arn string, payload []byte) *invocation {
	return &invocation{id: id, arn: arn, payload: payload, answer: make(chan answer, 1)}
}

// awaitInit waits until the process asks for its first invocation.
func (s *sandbox) awaitInit(requestID string, limit time.Duration, killing <-chan struct{}) error {
	select {
	case <-s.asking:
		return nil
	case <-s.process.ended:
		return exited(requestID, s.process.state)
	case <-time.After(limit):
		return timedOut(requestID, limit)
	case <-killing:
		return ErrClosed
	}
}

// give hands inv to the process, which is asking.
func (s *sandbox) give(inv *invocation) {
	s.mu.Lock()
	s.current = inv
	s.mu.Unlock()
	s.next <- inv
}

// ask reports whether the process may ask now: it has answered everything and is not asking already.
func (s *sandbox) ask() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting || s.current != nil {
		return false
	}
	s.waiting = true
	select {
	case s.asking <- struct{}{}:
	default: // it asked before, on a connection that broke unnoticed
	}
	return true
}

func (s *sandbox) asked() {
	s.mu.Lock()
	s.waiting = false
	s.mu.Unlock()
}

// answered passes the process's answer to the invocation with the id. It reports whether the process has that invocation.
func (s *sandbox) answered(id string, a answer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current.id != id {
		return false
	}
	s.current.answer <- a
	s.current = nil
	return true
}

// sandboxes finds a sandbox by its token.
type sandboxes struct {
	mu      sync.Mutex
	byToken map[string]*sandbox
}

func newSandboxes() *sandboxes {
	return &sandboxes{byToken: make(map[string]*sandbox)}
}

func (ss *sandboxes) add(s *sandbox) {
	ss.mu.Lock()
	ss.byToken[s.token] = s
	ss.mu.Unlock()
}

func (ss *sandboxes) remove(s *sandbox) {
	ss.mu.Lock()
	delete(ss.byToken, s.token)
	ss.mu.Unlock()
}

func (ss *sandboxes) find(token string) *sandbox {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.byToken[token]
}
