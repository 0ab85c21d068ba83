package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// measureMemory uploads a large file with a form to a local run.
func measureMemory(ctx context.Context, bench *workbench) ([]comparison, error) {
	if _, err := peakMemory(os.Getpid()); err != nil {
		return nil, err
	}
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	upload := int64(1 << 30)
	if bench.quick {
		upload = 64 << 20
	}
	var after, before series
	for range bench.times(3, 1) {
		err := bench.whileLocal(ctx, assembly, func(run *localRun) error {
			idle, busy, err := memoryOfUpload(ctx, run, upload)
			before, after = append(before, idle), append(after, busy)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return []comparison{{
		"local run, its own process: peak of resident memory", size,
		side{fmt.Sprintf("with a form upload of %d MiB", upload>>20), after, 150e6},
		side{"before it", before, 0},
		0,
	}}, nil
}

// memoryOfUpload is the peak of a run's memory before and after an upload.
func memoryOfUpload(ctx context.Context, run *localRun, size int64) (before, after float64, err error) {
	client := newClient(run)
	form, err := client.presignedURL(ctx)
	if err != nil {
		return 0, 0, err
	}
	if before, err = peakMemory(run.pid); err != nil {
		return 0, 0, err
	}
	if err := client.upload(ctx, form, size); err != nil {
		return 0, 0, fmt.Errorf("uploading: %w", err)
	}
	after, err = peakMemory(run.pid)
	return before, after, err
}

// peakMemory is the most that a process had resident, in bytes, as Linux tells it
// (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html, VmHWM).
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
