package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// errSkipped is what a measurement fails with that this machine cannot take.
var errSkipped = errors.New("skipped")

// A workbench is what measurements share. What they make goes to its temporary folder.
type workbench struct {
	root  string // of the checkout
	temp  string
	quick bool

	assembly string // of stage "local"; empty until a measurement needs it
}

func newWorkbench(ctx context.Context, quick bool) (*workbench, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("looking for the checkout: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if _, err := os.Stat(filepath.Join(root, "bench", "empty")); err != nil {
		return nil, fmt.Errorf("looking for the checkout (run this inside it): %w", err)
	}
	temp, err := os.MkdirTemp("", "postern-bench-")
	if err != nil {
		return nil, err
	}
	return &workbench{root: root, temp: temp, quick: quick}, nil
}

// clear removes everything that measurements made.
func (b *workbench) clear() error {
	return os.RemoveAll(b.temp)
}

// folder makes a new, empty folder. Its path holds name.
func (b *workbench) folder(name string) (string, error) {
	return os.MkdirTemp(b.temp, name+"-")
}

// times is how often something is measured.
func (b *workbench) times(usually, quickly int) int {
	if b.quick {
		return quickly
	}
	return usually
}

// run runs a program in the checkout, with further environment as NAME=value. Its output is in the error alone.
func (b *workbench) run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.root
	// What it started in its turn must not go on when this is interrupted.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// Inside make, MAKEFLAGS would reach the make that the CDK CLI runs.
	cmd.Env = append(append(os.Environ(), "MAKEFLAGS="), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s %s: %w\n%s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
