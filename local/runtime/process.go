package runtime

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// A process is a running bootstrap and everything it started.
type process struct {
	pid    int
	ended  chan struct{}    // closed when it is gone
	state  *os.ProcessState // how it went, valid once ended is closed
	mu     sync.Mutex
	reaped bool
}

// start runs the program in its own process group, with the given environment and nothing else of this program's.
func start(program, dir string, environment []string, output *lines) (*process, error) {
	cmd := exec.CommandContext(context.Background(), program)
	cmd.Dir = dir
	cmd.Env = environment
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = attributes()
	// What the program started may hold its output open; that must not keep its end from being seen.
	cmd.WaitDelay = 100 * time.Millisecond
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, ended: make(chan struct{})}
	go p.wait(cmd, output)
	return p, nil
}

func (p *process) wait(cmd *exec.Cmd, output *lines) {
	_ = cmd.Wait() // the state says how it went
	// The rest of its group goes with it, as a sandbox would.
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	output.flush()
	p.state = cmd.ProcessState
	close(p.ended)
}

// kill ends the process group at once and waits until the process is gone.
func (p *process) kill() {
	p.mu.Lock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
	p.mu.Unlock()
	<-p.ended
}
