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
	ended  chan struct{}    // closed when the process has ended
	state  *os.ProcessState // valid once ended is closed
	mu     sync.Mutex
	reaped bool
}

// lowered is the niceness of a process in the background, whose share of a busy processor is a third of another's.
const lowered = 5

// start runs the program in its own process group, with the given environment only. In the background, it gets less of a busy
// processor.
func start(program, dir string, environment []string, background bool, output *lines) (*process, error) {
	cmd := exec.CommandContext(context.Background(), program)
	cmd.Dir = dir
	cmd.Env = environment
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = attributes()
	// A child of the program may hold the output open. Its end must be noticed nevertheless.
	cmd.WaitDelay = 100 * time.Millisecond
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if background {
		// Of the group, since a process alone would be its first thread on Linux. Where it fails, all are alike.
		_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, lowered)
	}
	p := &process{pid: cmd.Process.Pid, ended: make(chan struct{})}
	go p.wait(cmd, output)
	return p, nil
}

func (p *process) wait(cmd *exec.Cmd, output *lines) {
	_ = cmd.Wait() // the state has the result
	// The rest of its group ends too, as on AWS.
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	output.flush()
	p.state = cmd.ProcessState
	close(p.ended)
}

// kill kills the process group and waits until the process has ended.
func (p *process) kill() {
	p.mu.Lock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
	p.mu.Unlock()
	<-p.ended
}
