package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// buildEmpty compiles the empty function.
func buildEmpty(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "empty")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./empty").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return program
}

func TestFunctionIsInvokedAsOftenAsAsked(t *testing.T) {
	var responses int
	f := function{program: buildEmpty(t), event: []byte("{}"), check: func(response []byte) error {
		responses++
		return isNull(response)
	}}
	for _, times := range []int{0, 1, 25} {
		responses = 0
		cpu, err := f.cpu(t.Context(), times)
		if err != nil {
			t.Fatal(err)
		}
		if responses != times {
			t.Errorf("got %d responses, want %d", responses, times)
		}
		if cpu <= 0 {
			t.Errorf("got %v of processor time, want some", cpu)
		}
	}
}

// A process that works more takes more processor time, which is told while it lives.
func TestProcessorTimeOfInvocations(t *testing.T) {
	p, err := function{program: buildEmpty(t), event: []byte("{}"), check: isNull}.warm(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.end()
	begin, err := processorTime(p.cmd.Process.Pid)
	if errors.Is(err, errSkipped) {
		t.Skip(err)
	}
	mean, err := p.invocation(100)()
	if err != nil {
		t.Fatal(err)
	}
	end, err := processorTime(p.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if total := 100 * mean; mean <= 0 || total > end-begin || total < (end-begin)/2 {
		t.Errorf("got a mean of %v, want a hundredth of %v", mean, end-begin)
	}
	p.end()
	if _, err := p.invocation(1)(); err == nil {
		t.Error("an invocation of what is gone succeeded")
	}
}

func TestFunctionFails(t *testing.T) {
	ends := filepath.Join(t.TempDir(), "ends")
	if err := os.WriteFile(ends, []byte("#!/bin/sh\necho the gate is shut >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		function function
		says     string
	}{
		{
			"a response that is not one",
			function{program: buildEmpty(t), event: []byte("{}"), check: func([]byte) error { return errors.New("not a form") }},
			"not a form",
		},
		{"an end of its own", function{program: ends}, "the gate is shut"},
		{"no program", function{program: ends + "-not"}, "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.function.cpu(t.Context(), 3)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want it to say %q", err, test.says)
			}
		})
	}
}

func TestZippedSize(t *testing.T) {
	got, err := zippedSize(bytes.Repeat([]byte("postern"), 100_000))
	if err != nil {
		t.Fatal(err)
	}
	// Repeated text deflates to about a thousandth; the archive's own entries are some 150 bytes.
	if got < 150 || got > 5000 {
		t.Errorf("got %v bytes of 700,000, want 150 to 5,000", got)
	}
}
