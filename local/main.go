// Command local serves the synthesized stack "Postern-local" on this machine: its API, its compiled functions, its
// bucket, tables, queues, events and secrets. It prints one line to standard output when it is ready, and everything else
// to standard error. SIGINT and SIGTERM stop it and everything it started; a second one ends it at once.
//
// Objects and secrets are files. Tables and queues are in memory, and every change of them is in a file too, from which the
// next start restores them, however this run ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"postern/local/console"
	"postern/local/folder"
)

const help = `Usage: local [--assembly DIR] [--watched] [--check | --explain | --tables]

Serves the synthesized stack Postern-local on this machine, until Ctrl-C.

Flags:
  --assembly DIR  cloud assembly to serve, made by: npx cdk synth -c stage=local --output DIR (default .local/cdk.out)
  --check         only fail if another local run uses DATA
  --tables        only serve tables and secrets until stdin ends, for bin/postern user
  --explain       only print what lies where, and what is not enforced on this machine
  --watched       do not say that cdk.json has changed: make watch acts on it

Environment:
  HOST            address or name of this machine, for other machines and containers; more names after commas (default 127.0.0.1)
  PORT            port of the API; 0 is a free one (default 8080)
  S3_PORT         port of S3; 0 is a free one (default 9000)
  DATA            folder of what is uploaded and of the secrets (default .local)
  LOG             json: the template's access log; text: one short line a request (default text at a terminal, else json)
  CHAOS           1: messages come twice, late and in another order, calls of functions fail, functions are killed (default 0)
  CHAOS_SEED      number that repeats what goes wrong; 0 is a random one (default 0)
`

// interrupted is the exit status after a second signal, as in shells after SIGINT.
const interrupted = 130

func main() {
	stdout := os.Stdout
	if err := silenceStdout(); err != nil {
		exit(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go awaitSignals(cancel)
	err := realMain(ctx, os.Args[1:], stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprint(stdout, help)
		return
	}
	if err != nil {
		exit(err)
	}
}

// awaitSignals calls stop at the first signal and ends the process at the second.
func awaitSignals(stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	stop()
	<-signals
	os.Exit(interrupted)
}

// silenceStdout discards what the S3 server prints: standard output is for one line.
func silenceStdout() error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	os.Stdout = null
	return nil
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, "local:", err)
	os.Exit(1)
}

func realMain(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := readSettings(args, os.LookupEnv)
	switch {
	case err != nil:
		return err
	case s.explain:
		stack, err := load(s.assembly)
		if err != nil {
			return err
		}
		return console.Explain(stdout, stack, s.assembly, s.data)
	case s.tables:
		return serveTables(ctx, s, os.Stdin, stdout, stderr)
	case s.check:
		unlock, err := folder.Lock(s.data)
		if err == nil {
			unlock()
		}
		return err
	default:
		return serve(ctx, s, stdout, stderr)
	}
}
