package main

import (
	"context"
	"fmt"
	"io"

	"postern/local/deployment"
	"postern/local/folder"
)

// serveTables serves tables and secrets alone, for an operator's command that finds no local run, until its stdin ends or ctx is
// done. It prints one line when it is ready.
func serveTables(ctx context.Context, s settings, stdin io.Reader, stdout, stderr io.Writer) error {
	stack, err := load(s.assembly)
	if err != nil {
		return err
	}
	unlock, err := folder.LockPatiently(s.data)
	if err != nil {
		return err
	}
	defer unlock()
	d, err := deployment.StartTables(s.data, stack, stderr)
	if err != nil {
		return err
	}
	defer d.Close()
	forget, err := folder.WriteOperator(s.data, d.Operator, stack, folder.Addresses{AWS: d.AWS.URL})
	if err != nil {
		return err
	}
	defer forget()
	_, _ = fmt.Fprintln(stdout, "ready: tables")
	await(ctx, stdin)
	return nil
}

// await returns when stdin has ended or ctx is done.
func await(ctx context.Context, stdin io.Reader) {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
}
