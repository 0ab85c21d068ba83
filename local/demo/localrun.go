package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startTimeout  = time.Minute
	stopTimeout   = 20 * time.Second // until it is killed
	healthTimeout = 2 * time.Second
)

// withAPI calls use with the base URL of the API at port, and starts the local run for that time when none answers
// there.
func withAPI(ctx context.Context, port, command string, out *log.Logger, use func(api string) error) error {
	api := "http://127.0.0.1:" + port + "/api/"
	if healthy(ctx, api) {
		return use(api)
	}
	out.Printf("No local run answers at port %s: starting one until the file is uploaded.\n\n", port)
	run := start(ctx, command)
	api, err := run.ready(ctx)
	if err == nil {
		err = use(api)
	}
	return errors.Join(err, run.stop())
}

// healthy reports whether the API answers at a base URL.
func healthy(ctx context.Context, api string) bool {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"health", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode == http.StatusOK
}

// A localRun is the local run as a process of the demo's own.
type localRun struct {
	terminate context.CancelFunc
	address   chan string   // gets its base URL, and is closed at the end of its output
	ended     chan struct{} // closed when it has ended; err and log are then complete
	err       error
	log       bytes.Buffer
}

// start starts the local run. It is told to end when ctx is done, and killed when it does not.
func start(ctx context.Context, command string) *localRun {
	ctx, cancel := context.WithCancel(ctx)
	run := &localRun{terminate: cancel, address: make(chan string, 1), ended: make(chan struct{})}
	process := exec.CommandContext(ctx, "/bin/sh", "-c", "exec "+command)
	// In the demo's own process group, Ctrl-C would reach it a second time.
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	process.WaitDelay = stopTimeout
	output, input := io.Pipe()
	process.Stdout, process.Stderr = input, &run.log
	go run.read(output)
	go func() {
		defer close(run.ended)
		run.err = process.Run()
		_ = input.Close()
		if process.Process != nil {
			// Killed, it could not end what it had started.
			_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
		}
	}()
	return run
}

// read takes the address from the line that says ready, and drops the rest of the output.
func (r *localRun) read(output io.Reader) {
	defer close(r.address)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			r.address <- address
			break
		}
	}
	_, _ = io.Copy(io.Discard, output)
}

// ready waits until the local run serves, and returns its base URL.
func (r *localRun) ready(ctx context.Context) (string, error) {
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case address, ok := <-r.address:
		if !ok {
			return "", errors.New("the local run did not start")
		}
		return address, nil
	case <-time.After(startTimeout):
		return "", fmt.Errorf("the local run is not ready after %s", startTimeout)
	}
}

// stop ends the local run and waits for its end. An end before this call, and a bad one, are errors that hold what
// the local run wrote to its standard error.
func (r *localRun) stop() error {
	r.terminate()
	<-r.ended
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	reason := "it ended by itself"
	if r.err != nil {
		reason = r.err.Error()
	}
	if log := bytes.TrimSpace(r.log.Bytes()); len(log) > 0 {
		reason += "; it wrote:\n" + string(log)
	}
	return fmt.Errorf("running the local run: %s", reason)
}
