package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"
)

// functionTimeout is how long a process may take.
const functionTimeout = 5 * time.Minute

// A function is a compiled function and its input.
type function struct {
	program string
	env     []string // NAME=value
	event   []byte
	vary    func(event []byte, n int64) []byte // makes the event of the n-th invocation; nil: each gets the same
	check   func(response []byte) error        // fails unless the response, or the error that is answered, is a good one
}

// A process is a function that has started and waits for an invocation. It must be ended.
//
// It gets its event as often as invoke says, from a Runtime API of its own
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type process struct {
	function
	cmd     *exec.Cmd
	output  bytes.Buffer // may be read once gone is closed, as failure
	kill    func()
	gone    chan struct{}
	failure error

	given atomic.Int64 // how often the event was given
	left  atomic.Int64 // how often the event is still given
	more  chan int     // takes how often it is given next, after ended has sent nil
	ended chan error   // sends nil when the process asks for more than there is, or what went wrong
}

// start starts the function on one processor, and returns when it asks for its first invocation.
func (f function) start(ctx context.Context) (*process, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the function: %w", err)
	}
	ctx, kill := context.WithTimeout(ctx, functionTimeout)
	p := &process{
		function: f, cmd: exec.CommandContext(ctx, f.program), kill: kill,
		gone: make(chan struct{}), more: make(chan int), ended: make(chan error, 1),
	}
	server := &http.Server{Handler: p.runtimeAPI(), ReadHeaderTimeout: functionTimeout}
	go func() { _ = server.Serve(listener) }()
	p.cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}, f.env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := startPinned(p.cmd); err != nil {
		kill()
		_ = server.Close()
		return nil, fmt.Errorf("starting the function: %w", err)
	}
	go func() {
		p.failure = p.cmd.Wait()
		_ = server.Close()
		close(p.gone)
	}()
	return p, p.wait()
}

// invoke gives the process its event a number of times, and returns when it asks for the next one.
func (p *process) invoke(times int) error {
	select {
	case p.more <- times:
	case <-p.gone:
	}
	return p.wait()
}

// wait waits until there is nothing more for the process. If it fails, the process is gone.
func (p *process) wait() error {
	var err error
	select {
	case err = <-p.ended:
	case <-p.gone:
		err = fmt.Errorf("it ended too early: %w", cmp.Or(p.failure, errors.New("exit status 0")))
	}
	if err != nil {
		p.end()
		return fmt.Errorf("running %s: %w\n%s", p.program, err, bytes.TrimSpace(p.output.Bytes()))
	}
	return nil
}

// end kills the process and waits until it is gone.
func (p *process) end() {
	p.kill()
	<-p.gone
}

// cpu starts the function, gives it the event a number of times and ends it when it asks for the next one. It returns the
// processor time, of user and system, since the start of the process.
func (f function) cpu(ctx context.Context, times int) (time.Duration, error) {
	p, err := f.start(ctx)
	if err != nil {
		return 0, err
	}
	err = p.invoke(times)
	p.end()
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(), err
}

// invocation returns a function that measures the mean processor time of a number of invocations.
func (p *process) invocation(times int) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		before, err := processorTime(p.cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		if err := p.invoke(times); err != nil {
			return 0, err
		}
		after, err := processorTime(p.cmd.Process.Pid)
		return (after - before) / time.Duration(times), err
	}
}

// runtimeAPI handles the requests of the process, which come one after another.
func (p *process) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	answered := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err = errors.Join(err, p.check(body)); err != nil {
			p.report(err)
		}
		w.WriteHeader(http.StatusAccepted)
	}
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", answered)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", answered)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.report(fmt.Errorf("the function called %s %s: %s", r.Method, r.URL.Path, body))
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func (p *process) next(w http.ResponseWriter, r *http.Request) {
	for p.left.Add(-1) < 0 {
		p.report(nil)
		select {
		case times := <-p.more:
			p.left.Store(int64(times))
		case <-r.Context().Done():
			return
		}
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(30*time.Second).UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench")
	event := p.event
	if p.vary != nil {
		event = p.vary(event, p.given.Add(1))
	}
	_, _ = w.Write(event)
}

// report sends what ended the work, unless an earlier report is still unread.
func (p *process) report(err error) {
	select {
	case p.ended <- err:
	default:
	}
}
