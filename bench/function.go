package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// functionTimeout is when a process is taken for stuck.
const functionTimeout = 2 * time.Minute

// A function is a compiled function with what it is given.
type function struct {
	program string
	env     []string // NAME=value
	event   []byte
	check   func(response []byte) error
}

// cpu starts the function, gives it the event a number of times and ends it when it asks for the next one. It returns
// the processor time, of user and system, that the process took from its start on.
func (f function) cpu(ctx context.Context, times int) (time.Duration, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("listening for the function: %w", err)
	}
	api := newRuntimeAPI(f.event, times, f.check)
	server := &http.Server{Handler: api.handler(), ReadHeaderTimeout: functionTimeout}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()

	ctx, cancel := context.WithTimeout(ctx, functionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.program)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}, f.env...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the function: %w", err)
	}
	if err := untilEnd(cmd, api, cancel); err != nil {
		return 0, fmt.Errorf("running %s: %w\n%s", f.program, err, bytes.TrimSpace(output.Bytes()))
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// untilEnd kills the process when the API has nothing more for it, and waits until it is gone.
func untilEnd(cmd *exec.Cmd, api *runtimeAPI, kill func()) error {
	var failure error // once it is gone
	gone := make(chan struct{})
	go func() {
		failure = cmd.Wait()
		close(gone)
	}()
	select {
	case err := <-api.ended:
		kill()
		<-gone
		return err
	case <-gone:
		if failure == nil {
			failure = errors.New("exit status 0")
		}
		return fmt.Errorf("it ended before all was done: %w", failure)
	}
}
