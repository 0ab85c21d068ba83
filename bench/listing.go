package main

import (
	"context"
	"fmt"
	"time"
)

// pageSize is how many uploads a page has, so that each is full.
const pageSize = 10

// measureListing asks for a page of few and of many uploads of one owner, and the database for the same page.
func measureListing(ctx context.Context, bench *workbench) ([]comparison, error) {
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	var comparisons []comparison
	for _, count := range []int{1000, bench.times(100_000, 10_000)} {
		var few, many pages
		err := bench.whileFilled(ctx, assembly, pageSize, func(small filledRun) error {
			return bench.whileFilled(ctx, assembly, count, func(large filledRun) error {
				var err error
				if many.listed, few.listed, err = inTurn(ctx, bench.times(200, 20), large.list(ctx), small.list(ctx)); err != nil {
					return err
				}
				many.queried, few.queried, err = inTurn(ctx, bench.times(200, 20), large.query(ctx), small.query(ctx))
				return err
			})
		})
		if err != nil {
			return nil, err
		}
		of, ofFew := fmt.Sprintf("of %d uploads", count), fmt.Sprintf("of %d uploads", pageSize)
		comparisons = append(comparisons,
			comparison{
				fmt.Sprintf("GET uploads?limit=%d to the local run: time", pageSize), duration,
				side{of, seconds(many.listed), 0},
				side{ofFew, seconds(few.listed), 0},
				2,
			},
			comparison{
				"of it the local database's: the bare query of that page", duration,
				side{of, seconds(many.queried), 0},
				side{ofFew, seconds(few.queried), 0},
				0,
			})
	}
	return comparisons, nil
}

// pages are how long the newest page took, through the API and in the database.
type pages struct{ listed, queried []time.Duration }

// A filledRun is a local run whose table has uploads of the demo user.
type filledRun struct {
	client *client
	table  uploadsTable
}

// whileFilled calls use with a local run whose table has a number of uploads.
func (b *workbench) whileFilled(ctx context.Context, assembly string, count int, use func(filledRun) error) error {
	return b.whileLocal(ctx, assembly, func(run *localRun) error {
		table, err := openTable(ctx, run)
		if err != nil {
			return err
		}
		if err := table.fill(ctx, count); err != nil {
			return err
		}
		return use(filledRun{newClient(run), table})
	})
}

func (r filledRun) list(ctx context.Context) func() (time.Duration, error) {
	return timed(func() error {
		p, err := r.client.list(ctx, pageSize, "")
		if err == nil && len(p.Uploads) != pageSize {
			err = fmt.Errorf("the page has %d uploads, want %d", len(p.Uploads), pageSize)
		}
		return err
	})
}

func (r filledRun) query(ctx context.Context) func() (time.Duration, error) {
	return timed(func() error { return r.table.query(ctx, pageSize) })
}
