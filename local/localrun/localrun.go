// Package localrun starts and ends the local run, bin/local, for the demo, the benchmarks and the tests.
package localrun

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = time.Minute
	stopTimeout  = 15 * time.Second // until it is killed
	maxReported  = 4000             // bytes of the log that an error quotes
)

// A Config says what to run.
type Config struct {
	Program  string // path of bin/local
	Assembly string // folder of the cloud assembly to serve
	Data     string // folder of the run's data
	// Environment are variables of the run besides this process's, as NAME=value.
	Environment []string
	// OwnGroup gives the run a process group of its own. Ctrl-C at a terminal then reaches this process alone.
	OwnGroup bool
}

// A Run is a local run that has become ready. Stop or End must be called.
type Run struct {
	API     string        // base URL of the API, with a slash at its end
	Data    string        // folder of the run's data
	Startup time.Duration // from the start of the process until it was ready

	cmd       *exec.Cmd
	terminate context.CancelFunc
	log       buffer
	ended     chan struct{} // closed when the process has ended; err is then set
	err       error
}

// Start serves an assembly on free ports of 127.0.0.1 and returns when the run is ready. When ctx is done, the run is
// stopped.
func Start(ctx context.Context, c Config) (*Run, error) {
	r := &Run{Data: c.Data, ended: make(chan struct{})}
	ctx, r.terminate = context.WithCancel(ctx)
	r.cmd = exec.CommandContext(ctx, c.Program, "--assembly", c.Assembly)
	r.cmd.Env = slices.Concat(os.Environ(), c.Environment, []string{"PORT=0", "S3_PORT=0", "DATA=" + c.Data})
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: c.OwnGroup}
	r.cmd.Cancel = func() error { return r.cmd.Process.Signal(syscall.SIGTERM) }
	r.cmd.WaitDelay = stopTimeout
	r.cmd.Stderr = &r.log
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := r.cmd.Start(); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is not built: run `make setup` first", c.Program)
	} else if err != nil {
		return nil, fmt.Errorf("starting the local run: %w", err)
	}
	address := make(chan string, 1)
	go r.follow(stdout, address)
	select {
	case url, ready := <-address:
		if ready {
			r.API, r.Startup = url, time.Since(begin)
			return r, nil
		}
		<-r.ended
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, r.failure("did not start")
	case <-time.After(startTimeout):
		_ = r.End(syscall.SIGKILL)
		return nil, r.failure(fmt.Sprintf("is not ready after %s", startTimeout))
	}
}

// follow sends the address of the line that says ready, reads the output to its end and waits for the process. It closes address at
// the end, so that a run that was ready and ended at once counts as one that was ready.
func (r *Run) follow(stdout io.Reader, address chan<- string) {
	defer close(r.ended)
	defer close(address)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			select {
			case address <- url:
			default:
			}
		}
	}
	r.err = r.cmd.Wait()
}

// PID returns the id of the run's process.
func (r *Run) PID() int { return r.cmd.Process.Pid }

// Log returns what the run has written to its standard error so far.
func (r *Run) Log() string { return r.log.String() }

// Stop ends the run as Ctrl-C does and waits until it is gone. It is killed if that takes 15 seconds. It is an error if the
// run had ended before, or ends with a status other than 0.
func (r *Run) Stop() error {
	r.terminate()
	<-r.ended
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	return r.failure("failed")
}

// End sends a signal to the run and waits until it is gone. It is stopped if that takes 15 seconds. A status other than 0
// is an error, unless the signal was SIGKILL.
func (r *Run) End(signal syscall.Signal) error {
	late := time.AfterFunc(stopTimeout, r.terminate)
	defer late.Stop()
	_ = r.cmd.Process.Signal(signal) // it fails only if the run has ended
	<-r.ended
	if r.err == nil || signal == syscall.SIGKILL {
		return nil
	}
	return r.failure("failed")
}

// failure says what is wrong with a run that has ended, and quotes the end of its log.
func (r *Run) failure(what string) error {
	status := "exit status 0"
	if r.err != nil {
		status = r.err.Error()
	}
	text := strings.TrimSpace(r.Log())
	if len(text) > maxReported {
		text = "…" + text[len(text)-maxReported:]
	}
	return fmt.Errorf("the local run %s: %s\n%s", what, status, text)
}

// A buffer is written by one goroutine while others read it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns what was written so far.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
