package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"postern/local/clip"
)

// measureInspection has a large and a small object inspected, and counts what the function read in all: from S3, from the
// database, of its events, over HTTP.
func measureInspection(ctx context.Context, bench *workbench) ([]comparison, error) {
	if _, err := bytesRead(os.Getpid()); err != nil {
		return nil, err
	}
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	const large = 5 << 30
	of := func(size int64) func() (float64, error) {
		return func() (float64, error) { return bench.inspect(ctx, assembly, size) }
	}
	a, b, err := inTurn(ctx, bench.times(3, 1), of(large), of(0))
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"inspect, one object: bytes that its processes read in all", size,
		side{"5 GiB, a clip and zeros", a, 64 << 10},
		side{"the clip", b, 0},
		0,
	}}, nil
}

// inspect has one object inspected and returns how many bytes the function read for it. A size above 0 is the object's: it
// is made larger while nothing runs, as a sparse file, and inspected when the local run starts again.
func (b *workbench) inspect(ctx context.Context, assembly string, size int64) (read float64, err error) {
	data, err := b.folder("data")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	var f form
	err = b.runLocal(ctx, assembly, data, func(run *localRun) error {
		client := newClient(run)
		if f, err = client.presignedURL(ctx); err != nil {
			return err
		}
		if err := client.uploadContent(ctx, f, clip.MP4()); err != nil {
			return err
		}
		_, err := run.events().await(ctx, f.ID)
		return err
	})
	if err != nil {
		return 0, err
	}
	if size > 0 {
		if err := enlarge(data, f, size); err != nil {
			return 0, err
		}
	}
	err = b.runLocal(ctx, assembly, data, func(run *localRun) error {
		if _, err := run.events().await(ctx, f.ID); err != nil {
			return err
		}
		pids, err := childrenOf(run.pid, "Inspect")
		for _, pid := range pids {
			each, failure := bytesRead(pid)
			read, err = read+each, errors.Join(err, failure)
		}
		return err
	})
	return read, err
}

// enlarge makes the object of a form larger: the local run keeps objects as plain files.
func enlarge(data string, f form, size int64) error {
	files, err := filepath.Glob(filepath.Join(data, "s3", "*", filepath.FromSlash(f.Fields["key"])))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("the object is in %d files: %w", len(files), err)
	}
	return os.Truncate(files[0], size)
}

// bytesRead is how much a process has read until now, in bytes, from files and from the network, as Linux tells it
// (https://man7.org/linux/man-pages/man5/proc_pid_io.5.html, rchar).
func bytesRead(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w: it needs the /proc of Linux", errSkipped)
	}
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(text), "rchar: ")
	value, _, _ := strings.Cut(rest, "\n")
	if !ok {
		return 0, errors.New("/proc has no rchar of the process")
	}
	return strconv.ParseFloat(value, 64)
}

// childrenOf finds the processes of a function among those that a local run started.
func childrenOf(parent int, function string) ([]int, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, folder := range folders {
		// What cannot be read has ended, or is another user's.
		stat, _ := os.ReadFile(filepath.Join(folder, "stat"))
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		// After the program's name, in parentheses, come the state and the parent.
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) || !strings.Contains(string(environment), "\x00AWS_LAMBDA_FUNCTION_NAME=Postern-local-"+function) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	if len(pids) == 0 {
		return nil, fmt.Errorf("the local run has no process of function %s", function)
	}
	return pids, nil
}
