package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"postern/api"
	"postern/client"
	"postern/local/localrun"
)

const (
	validationOff = "CDK_VALIDATION=false"
	validationOn  = "CDK_VALIDATION=true"
)

// measureSynth runs cdk synth with CDK's validation of templates off and on.
func measureSynth(ctx context.Context, bench *workbench) (comparison, error) {
	synth := func(validation string) func() (time.Duration, error) {
		return timed(func() error {
			_, err := bench.synthesize(ctx, validation)
			return err
		})
	}
	a, b, err := inTurn(ctx, bench.times(5, 1), synth(validationOff), synth(validationOn))
	return comparison{
		"cdk synth of a stage, everything built: time", duration,
		side{"CDK's own validation off", seconds(a), 3},
		side{"CDK's own validation on", seconds(b), 8},
		0,
	}, err
}

// measureReady starts the local run with an empty data folder, and with the one that this start has filled.
func measureReady(ctx context.Context, bench *workbench) (comparison, error) {
	var data string
	later := func() (time.Duration, error) {
		run, err := bench.start(ctx, data)
		if err != nil {
			return 0, err
		}
		return run.Startup, run.Stop()
	}
	first := func() (_ time.Duration, err error) {
		if data, err = bench.folder("data"); err != nil {
			return 0, err
		}
		return later()
	}
	a, b, err := inTurn(ctx, bench.times(9, 3), first, later)
	return comparison{
		"local run, from its start to ready: time", duration,
		side{"first start, no data yet", seconds(a), 1},
		side{"later start, data there", seconds(b), 1},
		0,
	}, err
}

// measureRequest asks a local run for grants and, in turn, for what it answers without any function.
func measureRequest(ctx context.Context, bench *workbench) (comparison, error) {
	var grants, health []time.Duration
	err := bench.whileLocal(ctx, func(_ *localrun.Run, c *client.Client) (err error) {
		grants, health, err = inTurn(ctx, bench.times(1000, 100), timed(func() error {
			_, err := c.Grant(ctx, api.UploadRequest{Filename: "clip.mp4", Size: 1 << 20})
			return err
		}), timed(func() error { return c.Health(ctx) }))
		return err
	})
	return comparison{
		"warm request to the local run, keep-alive: time", duration,
		side{"POST uploads, authorized", seconds(grants), 2e-3},
		side{"GET health, a mock", seconds(health), 0},
		0,
	}, err
}

// measureMemory uploads a large file to a local run.
func measureMemory(ctx context.Context, bench *workbench) (comparison, error) {
	if _, err := peakMemory(os.Getpid()); err != nil {
		return comparison{}, err
	}
	upload := int64(bench.times(1<<30, 64<<20))
	var after, before series
	for range bench.times(3, 1) {
		err := bench.whileLocal(ctx, func(run *localrun.Run, c *client.Client) error {
			idle, busy, err := memoryOfUpload(ctx, run, c, upload)
			before, after = append(before, idle), append(after, busy)
			return err
		})
		if err != nil {
			return comparison{}, err
		}
	}
	return comparison{
		"local run, its own process: peak of resident memory", size,
		side{fmt.Sprintf("with an upload of %d MiB", upload>>20), after, 150e6},
		side{"before it", before, 0},
		0,
	}, nil
}

// memoryOfUpload returns the peak of a run's memory before and after an upload of zeros.
func memoryOfUpload(ctx context.Context, run *localrun.Run, c *client.Client, size int64) (before, after float64, err error) {
	grant, err := c.Grant(ctx, api.UploadRequest{Filename: "large.mp4", Size: size})
	if err != nil {
		return 0, 0, err
	}
	if before, err = peakMemory(run.PID()); err != nil {
		return 0, 0, err
	}
	if err := c.Send(ctx, grant, zeros{}, size); err != nil {
		return 0, 0, err
	}
	after, err = peakMemory(run.PID())
	return before, after, err
}

// zeros is an endless file of zero bytes.
type zeros struct{}

// ReadAt implements io.ReaderAt.
func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

// peakMemory returns the largest resident memory that a process has had, in bytes. Source: VmHWM in
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w: it needs the /proc of Linux", errSkipped)
	}
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmHWM:" {
			kib, err := strconv.ParseFloat(string(fields[1]), 64)
			return kib * 1024, err
		}
	}
	return 0, errors.New("/proc has no VmHWM of the process")
}
