// Package runtime runs compiled Lambda functions on this machine. Each function is a program that asks the Lambda
// Runtime API (version 2018-06-01) for its invocations, as it does on AWS:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// A process serves one invocation at a time. The first one starts it (a cold start), later ones reuse it, and what
// comes meanwhile starts further processes, up to a bound. A process is killed, with everything it started, when it
// outlives its function's timeout.
package runtime

import (
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
	// Region is the AWS region that the functions are told.
	Region string
	// Environment holds variables by the function's logical id, beyond those of the template: credentials and the
	// addresses of services.
	Environment map[string]map[string]string
	// Log takes what the functions print, line by line, with the function's name before each line.
	Log io.Writer
	// Processes is how many processes a function may have at once; beyond it, invocations wait for a free one.
	// If zero, DefaultProcesses.
	Processes int
	// InitTimeout is how long a process may take to ask for its first invocation. If zero, DefaultInitTimeout.
	InitTimeout time.Duration
	// Grace is how long Close lets running invocations finish. If zero, DefaultGrace.
	Grace time.Duration
}

// ErrClosed is returned for invocations that Close refused or cut short.
var ErrClosed = errors.New("runtime is closed")

// A Runtime runs functions. It is safe for concurrent use.
type Runtime struct {
	functions map[string]*function
	server    *http.Server
	grace     time.Duration
	closing   chan struct{} // closed when no invocation is accepted any more
	killing   chan struct{} // closed when running invocations are cut short
	closed    sync.Once

	mu      sync.Mutex // guards running.Add against running.Wait
	running sync.WaitGroup
}

// New starts the Runtime API on a loopback port of its own; processes start with their first invocation. It fails when a
// function has no compiled bootstrap, or sets an environment variable that Lambda reserves.
func New(config Config) (*Runtime, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for functions: %w", err)
	}
	r := &Runtime{
		functions: make(map[string]*function),
		grace:     orDefault(config.Grace, DefaultGrace),
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

// Invoke runs the function with a logical id and returns its response. What the function reports, its timeouts and its
// crashes are a *FunctionError; a payload over MaxRequest is a *RequestTooLargeError; everything else is a fault of this
// machine or the end of ctx. As on AWS, the end of ctx does not end a function that has begun.
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

// Kill ends a process in which the function with a logical id serves an invocation now, in the middle of whatever it does:
// the one that has served longest, if there are several. Its invocation fails as that of a process that crashed.
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

// Close refuses new invocations, gives running ones the grace to finish, and kills every process. When it returns, no
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

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
