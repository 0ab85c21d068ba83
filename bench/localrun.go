package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	readyTimeout = time.Minute
	stopTimeout  = 20 * time.Second // until it is killed
)

// A localRun is a running bin/local.
type localRun struct {
	api   string        // base URL, with a slash at its end
	ready time.Duration // from its start to the line that says so
	pid   int
	data  string // folder

	terminate context.CancelFunc
	log       string        // file of its standard error
	ended     chan struct{} // closed when it has ended; err is then set
	err       error
}

// startLocal serves an assembly on free ports, with data in a folder, and returns when it is ready.
func (b *workbench) startLocal(ctx context.Context, assembly, data string) (*localRun, error) {
	log, err := os.CreateTemp(b.temp, "local-*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	run := &localRun{data: data, terminate: cancel, log: log.Name(), ended: make(chan struct{})}
	cmd := exec.CommandContext(ctx, filepath.Join(b.root, "bin", "local"), "--assembly", assembly)
	cmd.Env = append(os.Environ(), "PORT=0", "S3_PORT=0", "DATA="+data)
	// In the bench's own process group, Ctrl-C would reach it a second time.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	cmd.Stderr = log
	output, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting the local run (make setup comes first): %w", err)
	}
	run.pid = cmd.Process.Pid
	address := make(chan string, 1)
	go run.follow(cmd, output, address)
	return run, run.awaitReady(address, begin)
}

// follow reads the output to its end and then waits for the process.
func (r *localRun) follow(cmd *exec.Cmd, output io.Reader, address chan<- string) {
	defer close(r.ended)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			address <- url
		}
	}
	r.err = cmd.Wait()
}

func (r *localRun) awaitReady(address <-chan string, begin time.Time) error {
	select {
	case r.api = <-address:
		r.ready = time.Since(begin)
		return nil
	case <-r.ended:
		return r.failure()
	case <-time.After(readyTimeout):
		return errors.Join(fmt.Errorf("the local run is not ready after %s", readyTimeout), r.stop())
	}
}

// stop ends the run as Ctrl-C does and waits until it is gone. An end before this call, and a bad one, are errors.
func (r *localRun) stop() error {
	r.terminate()
	<-r.ended
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	return r.failure()
}

// failure is how the run ended, with what it said last.
func (r *localRun) failure() error {
	reason := "it ended by itself"
	if r.err != nil {
		reason = r.err.Error()
	}
	said, _ := os.ReadFile(r.log)
	const last = 2000
	return fmt.Errorf("the local run failed: %s\n%s", reason, bytes.TrimSpace(said[max(0, len(said)-last):]))
}
