package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// functionTimeout is when a process is taken for stuck.
const functionTimeout = 5 * time.Minute

// A function is a compiled function with what it is given.
type function struct {
	program string
	env     []string // NAME=value
	event   []byte
	check   func(response []byte) error
}

// A process is a function that has started and waits for an invocation. It has to be ended.
type process struct {
	cmd     *exec.Cmd
	api     *runtimeAPI
	output  bytes.Buffer // to be read once it is gone, as failure
	kill    func()
	gone    chan struct{}
	failure error
}

// start starts the function on one processor, and returns when it asks for its first invocation.
func (f function) start(ctx context.Context) (*process, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the function: %w", err)
	}
	api := newRuntimeAPI(f.event, f.check)
	server := &http.Server{Handler: api.handler(), ReadHeaderTimeout: functionTimeout}
	go func() { _ = server.Serve(listener) }()

	ctx, kill := context.WithTimeout(ctx, functionTimeout)
	p := &process{cmd: exec.CommandContext(ctx, f.program), api: api, kill: kill, gone: make(chan struct{})}
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
	case p.api.more <- times:
	case <-p.gone:
	}
	return p.wait()
}

// wait waits until the API has nothing more for the process. If it fails, the process is gone.
func (p *process) wait() error {
	var err error
	select {
	case err = <-p.api.ended:
	case <-p.gone:
		err = fmt.Errorf("it ended before all was done: %w", cmp.Or(p.failure, errors.New("exit status 0")))
	}
	if err != nil {
		p.end()
		return fmt.Errorf("running %s: %w\n%s", p.cmd.Path, err, bytes.TrimSpace(p.output.Bytes()))
	}
	return nil
}

// end kills the process and waits until it is gone.
func (p *process) end() {
	p.kill()
	<-p.gone
}

// cpu starts the function, gives it the event a number of times and ends it when it asks for the next one. It returns
// the processor time, of user and system, that the process took from its start on.
func (f function) cpu(ctx context.Context, times int) (time.Duration, error) {
	p, err := f.start(ctx)
	if err != nil {
		return 0, err
	}
	err = p.invoke(times)
	p.end()
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(), err
}

// invocation measures the processor time of an invocation: the mean of a number of them.
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
