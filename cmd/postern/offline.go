package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// An offline serves the tables and secrets that a local run has left in its data folder, while this command works on them.
type offline struct {
	program string // bin/local
	command *exec.Cmd
	stdin   io.Closer // the program ends when this does, even if this process is killed
}

// findOffline looks for the local run's program beside this one, where make setup builds both. It returns nil if there is none.
func findOffline() *offline {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return nil
	}
	program := filepath.Join(filepath.Dir(self), "local")
	if info, err := os.Stat(program); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return &offline{program: program}
}

// canServe reports whether the services can be served from the data folder alone.
func (l location) canServe(services []string) bool {
	if l.Offline == nil || l.Offline.command != nil {
		return false
	}
	_, err := os.Stat(filepath.Join(l.Data, "cdk.out", "manifest.json"))
	return err == nil && !slices.ContainsFunc(services, func(service string) bool {
		return service != dynamodb.ServiceID && service != secretsmanager.ServiceID
	})
}

// start returns when the services answer, at the addresses in the data folder.
func (o *offline) start(ctx context.Context, data string) error {
	var stderr bytes.Buffer
	o.command = exec.CommandContext(ctx, o.program, "--tables", "--assembly", filepath.Join(data, "cdk.out"))
	o.command.Env = append(os.Environ(), "DATA="+data)
	o.command.Stderr = &stderr
	stdin, err := o.command.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := o.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := o.command.Start(); err != nil {
		return fmt.Errorf("reading the local run's data: %w", err)
	}
	o.stdin = stdin
	if _, err := io.ReadFull(stdout, make([]byte, len("ready"))); err == nil {
		return nil
	}
	o.stop()
	return errors.New("reading the local run's data: " + strings.TrimPrefix(strings.TrimSpace(stderr.String()), "local: "))
}

// stop ends what start has started, and returns when it has left the data folder.
func (o *offline) stop() {
	if o == nil || o.stdin == nil {
		return
	}
	_ = o.stdin.Close()
	_ = o.command.Wait() // what it has to say was said at its start
	o.stdin = nil
}
