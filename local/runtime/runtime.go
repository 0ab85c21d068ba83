// Package runtime runs compiled Lambda functions on this machine. Each function is a program that asks the Lambda
// Runtime API (version 2018-06-01) for its invocations, as it does on AWS:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// A process serves one invocation at a time. The first one starts it (a cold start), later ones reuse it. Concurrent
// invocations start further processes, up to a limit. A process that exceeds its function's timeout is killed, with
// everything that it started.
package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"postern/internal/cfn"
)

// Defaults of Config.
const (
	DefaultProcesses   = 10
	DefaultInitTimeout = 10 * time.Second // as on AWS
	DefaultGrace       = 2 * time.Second
)

// Config says what to run.
type Config struct {
	// Functions are the functions of the stack, with distinct logical ids.
	Functions []cfn.Function
	// Region is the AWS region in the functions' environment.
	Region string
	// Environment holds variables by the function's logical id, beyond those of the template: credentials and the
	// addresses of services.
	Environment map[string]map[string]string
	// Background holds the logical ids of the functions for which nobody waits. They get less of a busy processor than the
	// others: on AWS no two functions share one.
	Background map[string]bool
	// Log gets what the functions print, line by line, each after the function's name.
	Log io.Writer
	// Processes is the maximum number of processes of a function. More invocations wait for a free one. If zero,
	// DefaultProcesses.
	Processes int
	// InitTimeout is how long a process may take to ask for its first invocation. If zero, DefaultInitTimeout.
	InitTimeout time.Duration
	// Grace is how long Close lets running invocations finish. If zero, DefaultGrace.
	Grace time.Duration
}

// ErrClosed is returned for invocations that Close refused or interrupted.
var ErrClosed = errors.New("runtime is closed")

// A Runtime runs functions. It is safe for concurrent use.
type Runtime struct {
	functions map[string]*function
	server    *http.Server
	grace     time.Duration
	closing   chan struct{} // closed when no more invocations are accepted
	killing   chan struct{} // closed when running invocations are interrupted
	closed    sync.Once

	mu      sync.Mutex // guards running.Add against running.Wait
	running sync.WaitGroup
}

// New starts the Runtime API on a free loopback port. Processes start with their first invocation. New fails if a function
// has no compiled bootstrap or sets an environment variable that Lambda reserves.
func New(config Config) (*Runtime, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for functions: %w", err)
	}
	r := &Runtime{
		functions: make(map[string]*function),
		grace:     cmp.Or(config.Grace, DefaultGrace),
		closing:   make(chan struct{}),
		killing:   make(chan struct{}),
	}
	host := host{listener.Addr().String(), newSandboxes(), &journal{w: config.Log}, r.killing}
	for _, f := range config.Functions {
		started, err := newFunction(f, config, host)
		if err != nil {
			_ = listener.Close()
			return nil, fmt.Errorf("function %s: %w", f.LogicalID, err)
		}
		r.functions[f.LogicalID] = started
	}
	// No write or idle timeout: a process waits as long as it takes for its next invocation.
	r.server = &http.Server{Handler: host.sandboxes.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // until Close
	return r, nil
}

// Invoke runs the function with a logical id and returns its response. It returns a *FunctionError if the function reports
// an error, runs out of time or crashes, and a *RequestTooLargeError for a payload over MaxRequest. Other errors are this
// machine's, or the end of ctx. As on AWS, the end of ctx does not end a running function.
func (r *Runtime) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	f, ok := r.functions[function]
	if !ok {
		return nil, fmt.Errorf("invoking function %s: no such function", function)
	}
	if len(payload) > MaxRequest {
		return nil, &RequestTooLargeError{Size: len(payload)}
	}
	if !r.begin() {
		return nil, ErrClosed
	}
	answers := make(chan answer, 1)
	go func() {
		defer r.running.Done()
		f.invoke(ctx, payload, answers)
	}()
	select {
	case a := <-answers:
		return a.payload, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("invoking function %s: %w", function, ctx.Err())
	}
}

// Kill kills a busy process of the function with a logical id, the longest busy one if there are several. Its invocation
// fails as after a crash.
func (r *Runtime) Kill(function string) {
	if f, ok := r.functions[function]; ok {
		f.killServing()
	}
}

// begin counts an invocation in, unless the runtime is closing.
func (r *Runtime) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closing:
		return false
	default:
		r.running.Add(1)
		return true
	}
}

// Close refuses new invocations, lets running ones finish within the grace, and kills every process. When it returns, no
// process is left.
func (r *Runtime) Close() {
	r.closed.Do(func() {
		r.mu.Lock()
		close(r.closing)
		r.mu.Unlock()
		finished := make(chan struct{})
		go func() {
			r.running.Wait()
			close(finished)
		}()
		select {
		case <-finished:
		case <-time.After(r.grace):
		}
		close(r.killing)
		<-finished
		for _, f := range r.functions {
			f.kill()
		}
		_ = r.server.Close()
	})
}
