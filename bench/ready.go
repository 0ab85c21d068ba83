package main

import (
	"context"
	"errors"
	"os"
	"time"
)

// measureReady starts the local run with an empty data folder and with the one it made.
func measureReady(ctx context.Context, bench *workbench) ([]comparison, error) {
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	var data string
	first := func() (time.Duration, error) {
		var err error
		if data, err = bench.folder("data"); err != nil {
			return 0, err
		}
		return bench.timeToReady(ctx, assembly, data)
	}
	later := func() (time.Duration, error) { return bench.timeToReady(ctx, assembly, data) }
	a, b, err := inTurn(ctx, bench.times(9, 3), first, later)
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"local run, from its start to ready: time", duration,
		side{"first start, no data yet", seconds(a), 1},
		side{"later start, data there", seconds(b), 1},
		0,
	}}, nil
}

func (b *workbench) timeToReady(ctx context.Context, assembly, data string) (time.Duration, error) {
	run, err := b.startLocal(ctx, assembly, data)
	if err != nil {
		return 0, err
	}
	return run.ready, run.stop()
}

// whileLocal calls use with a local run that has data of its own.
func (b *workbench) whileLocal(ctx context.Context, assembly string, use func(*localRun) error) error {
	data, err := b.folder("data")
	if err != nil {
		return err
	}
	return errors.Join(b.runLocal(ctx, assembly, data, use), os.RemoveAll(data))
}

// runLocal calls use with a local run that has its data in a folder.
func (b *workbench) runLocal(ctx context.Context, assembly, data string, use func(*localRun) error) error {
	run, err := b.startLocal(ctx, assembly, data)
	if err != nil {
		return err
	}
	return errors.Join(use(run), run.stop())
}
