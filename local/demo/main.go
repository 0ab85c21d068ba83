// Command demo shows the life of an upload on this machine. It declares a file to the API, sends it straight to the
// bucket as the API answers, waits until the file is inspected and downloads it again. It prints a curl command for each step.
//
// Usage: demo [--prepare COMMAND] [--local PROGRAM] [--assembly DIR] [FILE]
//
// Without FILE, as an argument or in the environment, it uploads a small MP4. DATA (.local) is the folder of the local
// run's data. If no local run uses it, the demo starts one until the file is uploaded.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"postern/api"
	"postern/client"
	"postern/local/clip"
	"postern/local/localrun"
)

func main() {
	// Hanging up is among the signals because the local run, in a process group of its own, would outlive the terminal.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := realMain(ctx, os.Args[1:], os.Stdout)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func realMain(ctx context.Context, args []string, out io.Writer) error {
	config := localrun.Config{Data: cmp.Or(os.Getenv("DATA"), ".local"), OwnGroup: true}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	prepare := flags.String("prepare", "", "shell `command` to run before a local run is started")
	flags.StringVar(&config.Program, "local", "bin/local", "`program` that is the local run")
	flags.StringVar(&config.Assembly, "assembly", ".local/cdk.out", "`folder` of the assembly that it serves")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return fmt.Errorf("too many files: must be at most one, given: %q", flags.Args())
	}
	file, size, err := open(cmp.Or(flags.Arg(0), os.Getenv("FILE")), config.Data)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	demo := func(address string) error {
		c, err := client.New(address, client.Basic(mail, password))
		if err != nil {
			return err
		}
		return upload{c, address, config.Data, file, size, out}.run(ctx)
	}
	if address, ok := localrun.Find(ctx, config.Data); ok {
		return demo(address)
	}
	_, _ = fmt.Fprintf(out, "No local run uses %s: starting one until the file is uploaded.\n\n", config.Data)
	if *prepare != "" {
		command := exec.CommandContext(ctx, "sh", "-c", *prepare)
		command.Stderr = os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("preparing the local run: %w", err)
		}
	}
	run, err := localrun.Start(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(demo(run.API), run.Stop())
}

// open opens the file to upload, which must be readable and not empty. If path is empty, it is the clip, which open writes
// to the data folder.
func open(path, data string) (file *os.File, size int64, err error) {
	if path == "" {
		path = filepath.Join(data, "demo.mp4")
		if err := errors.Join(os.MkdirAll(data, 0o700), os.WriteFile(path, clip.MP4(), 0o600)); err != nil {
			return nil, 0, fmt.Errorf("writing the demo's video: %w", err)
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, 0, fmt.Errorf("FILE does not exist: %s", path)
	case err != nil:
		return nil, 0, fmt.Errorf("reading FILE: %w", err)
	case !info.Mode().IsRegular(): // to open a pipe would block
		return nil, 0, fmt.Errorf("FILE is not a regular file: %s", path)
	case info.Size() == 0:
		return nil, 0, fmt.Errorf("FILE is empty, an upload has at least 1 byte: %s", path)
	case info.Size() > api.MaxSinglePut:
		return nil, 0, fmt.Errorf("FILE has %d bytes, the demo sends one request of at most %d: %s", info.Size(), api.MaxSinglePut, path)
	}
	file, err = os.Open(path)
	return file, info.Size(), err
}
