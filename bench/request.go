package main

import (
	"context"
	"time"
)

// measureRequest asks a local run for forms and, in turn, for what it answers without any function.
func measureRequest(ctx context.Context, bench *workbench) ([]comparison, error) {
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	var presigned, health []time.Duration
	err = bench.whileLocal(ctx, assembly, func(run *localRun) error {
		client := newClient(run)
		ask := timed(func() error {
			_, err := client.presignedURL(ctx)
			return err
		})
		var err error
		presigned, health, err = inTurn(ctx, bench.times(1000, 100), ask, timed(func() error { return client.health(ctx) }))
		return err
	})
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"warm request to the local run, keep-alive: time", duration,
		side{"GET presignedurl, authorized", seconds(presigned), 2e-3},
		side{"GET health, a mock", seconds(health), 0},
		0,
	}}, nil
}

// timed measures how long an operation takes.
func timed(operation func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		begin := time.Now()
		err := operation()
		return time.Since(begin), err
	}
}
