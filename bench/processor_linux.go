package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// startPinned starts a program that runs on one processor alone, always the same one: what a thread is moved for is not
// the program's work, and a move costs.
func startPinned(cmd *exec.Cmd) error {
	// A child inherits what its parent's thread is bound to.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return fmt.Errorf("reading the processors: %w", err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("binding to a processor: %w", err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &all) }()
	return cmd.Start()
}

// processorTime is the processor time, of user and system, that a process took so far, to the nanosecond.
func processorTime(pid int) (time.Duration, error) {
	const process = 2                 // the clock of all its threads, by the scheduler
	clock := int32(^pid)<<3 | process // man 3 clock_getcpuclockid
	var taken unix.Timespec
	if err := unix.ClockGettime(clock, &taken); err != nil {
		return 0, fmt.Errorf("reading the processor time of a process: %w", err)
	}
	return time.Duration(taken.Nano()), nil
}
