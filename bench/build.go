package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// functionFlags build a function: FUNCTION_FLAGS of the Makefile.
var functionFlags = []string{"-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"}

// A pair is the presign function and the empty one, as paths of programs that the same flags built.
type pair struct{ presign, empty string }

// build compiles both functions for the target that a folder of dist is of. It fails when that folder's presign is
// another one: then its sources or the Makefile's flags have changed, and the figures would not be of what is deployed.
func (b *workbench) build(ctx context.Context, target string, env ...string) (pair, error) {
	folder, err := b.folder(target)
	if err != nil {
		return pair{}, err
	}
	args := append([]string{"build", "-o", folder + "/"}, functionFlags...)
	if err := b.run(ctx, append(env, "CGO_ENABLED=0"), "go", append(args, "./lambda/presign", "./bench/empty")...); err != nil {
		return pair{}, err
	}
	built := pair{filepath.Join(folder, "presign"), filepath.Join(folder, "empty")}
	if err := errors.Join(rewrite(built.presign), rewrite(built.empty)); err != nil {
		return pair{}, err
	}
	return built, same(built.presign, filepath.Join(b.root, "dist", target, "presign", "bootstrap"))
}

// rewrite writes a program in one go, as it is unpacked: a start reads what a linker wrote here and there page by page, and
// takes longer by a third, or not.
func rewrite(program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := os.Remove(program); err != nil {
		return err
	}
	return os.WriteFile(program, content, 0o700)
}

// same holds that the deployed program is the one that was built.
func same(built, deployed string) error {
	ours, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	theirs, err := os.ReadFile(deployed)
	if err != nil {
		return fmt.Errorf("reading the function (make setup comes first): %w", err)
	}
	if !bytes.Equal(ours, theirs) {
		return fmt.Errorf("%s is of other sources or flags: run make setup, and compare functionFlags with the Makefile's FUNCTION_FLAGS", deployed)
	}
	return nil
}
