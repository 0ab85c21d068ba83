package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// demoUser is the user that the local run makes.
const demoUser = "demo@example.com:demo-password"

// A localRun is a running bin/local.
type localRun struct {
	url  string // base URL of the API, with a final slash
	data string // its data folder
	cmd  *exec.Cmd
	logs *safeBuffer

	done chan struct{} // closed when the process has ended
	err  error         // how it ended, once done is closed
}

// startLocal serves an assembly on free ports and returns once it is ready.
func startLocal(assembly, data string) (*localRun, error) {
	run := &localRun{data: data, logs: &safeBuffer{}, done: make(chan struct{})}
	run.cmd = exec.CommandContext(context.Background(), filepath.Join(root, "bin", "local"), "--assembly", assembly)
	run.cmd.Env = append(os.Environ(), "PORT=0", "S3_PORT=0", "DATA="+data)
	run.cmd.Stderr = run.logs
	stdout, err := run.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := run.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the local run (make setup comes first): %w", err)
	}
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
				ready <- url
			}
		}
		run.err = run.cmd.Wait()
		close(run.done)
	}()
	select {
	case run.url = <-ready:
		return run, nil
	case <-run.done:
		return nil, fmt.Errorf("local run ended before it was ready: %w\n%s", run.err, run.logs)
	case <-time.After(30 * time.Second):
		_ = run.cmd.Process.Kill()
		return nil, fmt.Errorf("local run is not ready after 30 s\n%s", run.logs)
	}
}

// stop ends the run as Ctrl-C does, waits until it is gone and takes what it reports of grants and chaos.
func (r *localRun) stop() error {
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-r.done:
		if r.err != nil {
			return fmt.Errorf("local run ended with an error: %w\n%s", r.err, r.logs)
		}
		return errors.Join(allGrants.add(r.data), allChaos.add(r.logs.String()))
	case <-time.After(15 * time.Second):
		_ = r.cmd.Process.Kill()
		return fmt.Errorf("local run did not stop within 15 s\n%s", r.logs)
	}
}

// A safeBuffer is a buffer that one goroutine writes while another reads.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
