// Command demo shows the way of an upload on this machine: it asks the API for a form, posts a file with it straight
// to the bucket, and says where the bytes lie. Each step is a curl command, printed as it is run.
//
// Usage: demo [--local COMMAND] [FILE]
//
// Without FILE, as an argument or in the environment, it uploads a small MP4 that it makes. PORT (8080) is where the
// local run listens; when nothing answers there, demo starts it for the time of the upload. DATA (.local) is where
// the local run keeps its data.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	if err := realMain(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func realMain() error {
	// Hanging up is among them because the local run, in a process group of its own, would outlive the terminal.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	local := flag.String("local", "bin/local", "shell command that starts the local run when nothing answers at PORT")
	flag.Parse()
	if flag.NArg() > 1 {
		return fmt.Errorf("at most one file is uploaded, given: %q", flag.Args())
	}
	if _, err := exec.LookPath("curl"); err != nil {
		return errors.New("curl is not installed: install it with the system's package manager, or see https://curl.se/download.html")
	}
	data := environment("DATA", ".local")
	path := flag.Arg(0)
	if path == "" {
		path = os.Getenv("FILE")
	}
	source, err := prepare(path, data)
	if err != nil {
		return err
	}
	out := log.New(os.Stdout, "", 0)
	return withAPI(ctx, environment("PORT", "8080"), *local, out, func(api string) error {
		return upload{api: api, data: data, source: source, out: out}.run(ctx)
	})
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
