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

	"postern/client"
	"postern/local/localrun"
)

// errSkipped is the error of a measurement that this machine cannot take.
var errSkipped = errors.New("skipped")

// A workbench is what measurements share.
type workbench struct {
	root  string // of the checkout
	temp  string // folder of everything that measurements make
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
	return &workbench{root: root, temp: temp, quick: quick}, err
}

// folder makes a new, empty folder. Its path holds name.
func (b *workbench) folder(name string) (string, error) {
	return os.MkdirTemp(b.temp, name+"-")
}

// times returns how often something is measured.
func (b *workbench) times(usually, quickly int) int {
	if b.quick {
		return quickly
	}
	return usually
}

// synthesize writes the assembly of stage "local", which every checkout has, to a new folder. The environment variable
// is NAME=value.
func (b *workbench) synthesize(ctx context.Context, variable string) (assembly string, err error) {
	if assembly, err = b.folder("assembly"); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "npx", "cdk", "synth", "--quiet", "-c", "stage=local", "--output", assembly)
	cmd.Dir = b.root
	// What it starts in its turn must not go on after an interrupt.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// Inside make, MAKEFLAGS would reach the make that the CDK CLI runs.
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", variable)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("running cdk synth: %w\n%s", err, bytes.TrimSpace(out))
	}
	return assembly, nil
}

// localAssembly returns the assembly that all measurements of the local run share.
func (b *workbench) localAssembly(ctx context.Context) (assembly string, err error) {
	if b.assembly == "" {
		b.assembly, err = b.synthesize(ctx, validationOff)
	}
	return b.assembly, err
}

// start starts a local run with its data in a folder.
func (b *workbench) start(ctx context.Context, data string) (*localrun.Run, error) {
	assembly, err := b.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	return localrun.Start(ctx, localrun.Config{
		Program: filepath.Join(b.root, "bin", "local"), Assembly: assembly, Data: data, OwnGroup: true,
	})
}

// The demo user of stage "local".
const (
	demoMail     = "demo@example.com"
	demoPassword = "demo-password"
)

// whileLocal calls use with a local run that has data of its own, and with a client that calls it as the demo user and
// repeats nothing.
func (b *workbench) whileLocal(ctx context.Context, use func(*localrun.Run, *client.Client) error) error {
	data, err := b.folder("data")
	if err != nil {
		return err
	}
	run, err := b.start(ctx, data)
	if err != nil {
		return err
	}
	c, err := client.New(run.API, client.Basic(demoMail, demoPassword))
	if err == nil {
		c.Attempts = 1
		err = use(run, c)
	}
	return errors.Join(err, run.Stop(), os.RemoveAll(data))
}
