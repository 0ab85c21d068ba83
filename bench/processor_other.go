//go:build !linux

package main

import (
	"fmt"
	"os/exec"
	"time"
)

func startPinned(cmd *exec.Cmd) error { return cmd.Start() }

func processorTime(int) (time.Duration, error) {
	return 0, fmt.Errorf("%w: only Linux tells the processor time of a process that runs", errSkipped)
}
