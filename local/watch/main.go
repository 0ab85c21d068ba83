// Command watch serves a stage on this machine, and builds and serves it anew after each change of its sources. make watch
// runs it in the repository's root:
//
//	watch COMMAND
//
// COMMAND is the local run with its arguments. Its data stay as they are, since it keeps them in a folder.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const (
	interval    = 500 * time.Millisecond // between two looks at the sources
	stopTimeout = 15 * time.Second       // until a command that was told to end is killed
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: watch COMMAND [ARGUMENT]...")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	w := watcher{
		build: []string{"make", "-s", "setup", "assembly"}, serve: os.Args[1:], root: ".", every: interval,
		stdout: os.Stdout, stderr: os.Stderr,
	}
	if err := w.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "watch:", err)
		os.Exit(1)
	}
}

// A watcher keeps a command running that serves what is built from the sources below root.
type watcher struct {
	build, serve   []string // commands with their arguments
	root           string
	every          time.Duration // between two looks at the sources
	stdout, stderr io.Writer
}

// run serves until ctx is done, and then returns nil. If a build fails, what was built before is still served. It returns
// an error if the command cannot be started or the sources cannot be read.
func (w watcher) run(ctx context.Context) error {
	seen, err := fingerprint(w.root)
	if err != nil {
		return err
	}
	for {
		serving, stop := context.WithCancel(ctx)
		served := w.command(serving, w.serve)
		if err := served.Start(); err != nil {
			stop()
			return err
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := served.Wait(); serving.Err() == nil {
				w.say("the local run has ended by itself (%v); it starts again after the next change", err)
			}
		}()
		seen, err = w.rebuild(ctx, seen)
		stop()
		<-ended
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// rebuild returns the sources' new fingerprint after a change that could be built, or when ctx is done.
func (w watcher) rebuild(ctx context.Context, seen string) (string, error) {
	for {
		changed, err := w.await(ctx, seen)
		if err != nil || ctx.Err() != nil {
			return seen, err
		}
		seen = changed
		w.say("a source has changed: building ...")
		start := time.Now()
		if err := w.command(ctx, w.build).Run(); err == nil {
			w.say("built in %.1f s: serving it", time.Since(start).Seconds())
			return seen, nil
		} else if ctx.Err() == nil {
			w.say("the build failed (%v): still serving the one before", err)
		}
	}
}

// await returns the fingerprint of sources that differ from those seen, once they stay the same for one look, or when ctx
// is done: an editor writes several files.
func (w watcher) await(ctx context.Context, seen string) (string, error) {
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	last := seen
	for {
		select {
		case <-ctx.Done():
			return seen, nil
		case <-ticker.C:
		}
		now, err := fingerprint(w.root)
		if err != nil {
			return seen, err
		}
		if now != seen && now == last {
			return now, nil
		}
		last = now
	}
}

// command makes a command that is told to end when ctx is done. It has a process group of its own, so that Ctrl-C at a
// terminal reaches it once, from here.
func (w watcher) command(ctx context.Context, line []string) *exec.Cmd {
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Stdout, command.Stderr = w.stdout, w.stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopTimeout
	return command
}

func (w watcher) say(format string, args ...any) {
	_, _ = fmt.Fprintf(w.stderr, "watch: "+format+"\n", args...)
}
