// Command bench measures what Postern promises about the speed and size of its processes. Each figure stands beside one
// to compare it with; both are measured in turn in the same run. It prints what was reached. It fails only when something
// could not be measured. What package testing can measure is a benchmark beside its code instead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
)

// A measurement is some work to measure.
type measurement struct {
	name  string // what -run matches
	title string
	run   func(context.Context, *workbench) (comparison, error)
}

var measurements = []measurement{
	{"init", "CPU time of presign's start and of an empty function's", measureInit},
	{"invoke", "CPU time of a warm invocation of presign and of an empty function", measureInvoke},
	{"form", "the same of an invocation that answers a form", measureForm},
	{"bearer", "the same of an authorizer that remembers the token", measureBearer},
	{"badtoken", "the same of an authorizer that refuses tokens, each another", measureBadTokens},
	{"zip", "size of presign as it is deployed, and of an empty function", measureZip},
	{"ready", "time until the local run is ready", measureReady},
	{"request", "a warm request to the local run", measureRequest},
	{"guessing", "a remembered caller, while many connections guess another's password", measureGuessing},
	{"memory", "the local run's memory while it takes a large upload", measureMemory},
	{"arrival", "time from an upload's last byte until it is ready", measureArrival},
	{"many", "uploads from many clients at a time", measureMany},
	{"replays", "uploads of one owner while another's form is replayed", measureReplays},
	{"upload", "our command and the fastest other one with a large file: time", measureLargeUpload},
	{"cpu", "the same: processor's time", measureLargeUploadCPU},
	{"small", "our command and the fastest other one with many small files", measureSmallUploads},
	{"synth", "cdk synth of a stage", measureSynth},
}

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	results, progress := log.New(os.Stdout, "", 0), log.New(os.Stderr, "", 0)
	err := realMain(ctx, os.Args[1:], results, progress)
	restore()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		progress.Println("bench:", err)
		os.Exit(1)
	}
}

func realMain(ctx context.Context, args []string, results, progress *log.Logger) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress.Writer())
	flags.Usage = func() { usage(flags, progress) }
	pattern := flags.String("run", "", "measure only what matches this `regexp`")
	quick := flags.Bool("quick", false, "measure less often, and a smaller upload: to see that it works")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q: must be flags alone", flags.Arg(0))
	}
	names, err := regexp.Compile(*pattern)
	if err != nil {
		return fmt.Errorf("reading -run: %w", err)
	}
	bench, err := newWorkbench(ctx, *quick)
	if err != nil {
		return err
	}
	err = measure(ctx, bench, names, results, progress)
	return errors.Join(err, os.RemoveAll(bench.temp))
}

func usage(flags *flag.FlagSet, progress *log.Logger) {
	progress.Print("Usage: go run ./bench [-run regexp] [-quick]\n\nMeasures what Postern promises (run `make setup` first):")
	for _, m := range measurements {
		progress.Printf("  %-8s %s", m.name, m.title)
	}
	progress.Print("\nFlags:")
	flags.PrintDefaults()
}

// measure takes each measurement whose name matches, and prints it at once. One that fails does not keep the others from
// being taken.
func measure(ctx context.Context, bench *workbench, names *regexp.Regexp, results, progress *log.Logger) error {
	printHead(results)
	var failed []string
	matched := false
	for _, m := range measurements {
		if !names.MatchString(m.name) {
			continue
		}
		matched = true
		progress.Printf("measuring: %s ...", m.title)
		c, err := m.run(ctx, bench)
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted")
		case errors.Is(err, errSkipped):
			results.Printf("\n%s\n  %v", m.title, err)
		case err != nil:
			results.Printf("\n%s\n  failed: %v", m.title, err)
			failed = append(failed, m.name)
		default:
			c.print(results)
		}
	}
	switch {
	case !matched:
		return fmt.Errorf("-run %s matches no measurement (-help lists them)", names)
	case len(failed) > 0:
		return fmt.Errorf("could not be measured: %s", strings.Join(failed, ", "))
	}
	return nil
}
