package runtime

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"postern/internal/cfn"
)

// A host holds what the functions of a runtime share.
type host struct {
	address   string // of the Runtime API
	sandboxes *sandboxes
	journal   *journal
	killing   <-chan struct{} // closed when running invocations are cut short
}

// A function starts and reuses the processes of one template function.
type function struct {
	cfn.Function
	host
	region      string
	additions   map[string]string
	initTimeout time.Duration
	background  bool
	slots       chan struct{} // holds an entry for each process that may serve an invocation now

	mu      sync.Mutex
	idle    []*sandbox // the last one served last
	serving []*sandbox // those with an invocation, the first one longest
}

func newFunction(f cfn.Function, config Config, host host) (*function, error) {
	if err := checkEnvironment(f); err != nil {
		return nil, err
	}
	info, err := os.Stat(bootstrap(f))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("its code folder %s has no compiled bootstrap", f.Code)
	case err != nil:
		return nil, fmt.Errorf("looking for its bootstrap: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return nil, fmt.Errorf("%s is not an executable file", bootstrap(f))
	case f.Timeout <= 0:
		return nil, fmt.Errorf("its timeout is %v: it must be positive", f.Timeout)
	}
	return &function{
		Function:    f,
		host:        host,
		region:      config.Region,
		additions:   config.Environment[f.LogicalID],
		initTimeout: cmp.Or(config.InitTimeout, DefaultInitTimeout),
		background:  config.Background[f.LogicalID],
		slots:       make(chan struct{}, processes(f, config)),
	}, nil
}

// processes returns how many processes may serve a function at a time. Unlike on AWS, what exceeds its reserved concurrency
// waits.
func processes(f cfn.Function, config Config) int {
	most := cmp.Or(config.Processes, DefaultProcesses)
	if f.Concurrency > 0 {
		most = min(most, f.Concurrency)
	}
	return most
}

// invoke sends the answer of one invocation to answers, which has room for it. It returns when the process is gone or ready for
// another invocation.
func (f *function) invoke(ctx context.Context, payload []byte, answers chan<- answer) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		answers <- answer{err: fmt.Errorf("waiting for a free process of function %s: %w", f.LogicalID, ctx.Err())}
		return
	case <-f.killing:
		answers <- answer{err: ErrClosed}
		return
	}
	requestID := uuid.NewString()
	s, err := f.sandbox(requestID)
	if err == nil {
		err = f.serve(s, newInvocation(requestID, f.ARN, payload), answers)
	}
	if err != nil {
		f.report(err)
		answers <- answer{err: err}
	}
}

// sandbox returns an idle process, or a new one that is ready for its first invocation.
func (f *function) sandbox(requestID string) (*sandbox, error) {
	if s := f.takeIdle(); s != nil {
		return s, nil
	}
	s, err := f.start()
	if err != nil {
		return nil, unstartable(requestID, err)
	}
	if err := s.awaitInit(requestID, f.initTimeout, f.killing); err != nil {
		f.discard(s)
		return nil, err
	}
	return s, nil
}

// serve hands the invocation to s, and keeps s for the next one if possible.
func (f *function) serve(s *sandbox, inv *invocation, answers chan<- answer) error {
	deadline := time.NewTimer(f.Timeout)
	defer deadline.Stop()
	inv.deadline = time.Now().Add(f.Timeout)
	f.mu.Lock()
	f.serving = append(f.serving, s)
	f.mu.Unlock()
	s.give(inv)
	select {
	case a := <-inv.answer:
		f.served(s)
		if a.err != nil {
			f.report(a.err)
		}
		f.reuse(s, deadline.C, func() { answers <- a })
		return nil
	case <-s.process.ended:
		f.discard(s)
		// An answer that came just before the end is valid.
		select {
		case a := <-inv.answer:
			answers <- a
			return nil
		default:
			return exited(inv.id, s.process.state)
		}
	case <-deadline.C:
		f.discard(s)
		return timedOut(inv.id, f.Timeout)
	case <-f.killing:
		f.discard(s)
		return ErrClosed
	}
}

func (f *function) served(s *sandbox) {
	f.mu.Lock()
	f.serving = slices.DeleteFunc(f.serving, func(other *sandbox) bool { return other == s })
	f.mu.Unlock()
}

// killServing kills the process whose invocation has run longest.
func (f *function) killServing() {
	f.mu.Lock()
	serving := slices.Clone(f.serving)
	f.mu.Unlock()
	if len(serving) > 0 {
		serving[0].process.kill()
	}
}

// reuse passes on the answer of a process and waits until it asks for its next invocation, at most until the timeout. A
// process that panicked ends instead.
func (f *function) reuse(s *sandbox, deadline <-chan time.Time, pass func()) {
	// Most processes ask at once. This short wait lets the caller's next invocation find a warm process.
	once := sync.OnceFunc(pass)
	defer once()
	defer time.AfterFunc(20*time.Millisecond, once).Stop()
	select {
	case <-s.asking:
		f.mu.Lock()
		f.idle = append(f.idle, s)
		f.mu.Unlock()
		return
	case <-s.process.ended:
	case <-deadline:
	case <-f.killing:
	}
	f.discard(s)
}

func (f *function) takeIdle() *sandbox {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) > 0 {
		s := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		select {
		case <-s.process.ended:
			f.sandboxes.remove(s)
		default:
			return s
		}
	}
	return nil
}

func (f *function) start() (*sandbox, error) {
	s := newSandbox()
	f.sandboxes.add(s)
	instance := uuid.New()
	env := environment(f.Function, f.region, f.additions, f.address+"/"+s.token, logStream(time.Now(), hex.EncodeToString(instance[:])))
	p, err := start(bootstrap(f.Function), f.Code, env, f.background, &lines{journal: f.journal, name: f.Name})
	if err != nil {
		f.sandboxes.remove(s)
		return nil, err
	}
	s.process = p
	return s, nil
}

func (f *function) discard(s *sandbox) {
	f.served(s)
	f.sandboxes.remove(s)
	s.process.kill()
}

// kill ends the idle processes.
func (f *function) kill() {
	for s := f.takeIdle(); s != nil; s = f.takeIdle() {
		f.discard(s)
	}
}

// report logs a failure that the function could not log itself.
func (f *function) report(err error) {
	if e, ok := errors.AsType[*FunctionError](err); !ok || e.unreported() {
		f.journal.line(f.Name, err.Error())
	}
}
