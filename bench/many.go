package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"postern/local/clip"
)

const manyClients = 16

// measureMany uploads clips from several clients at a time and from one, and holds both to that none is lost and none is
// double.
func measureMany(ctx context.Context, bench *workbench) ([]comparison, error) {
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	uploads := bench.times(1000, 100)
	many, one, err := inTurn(ctx, bench.times(2, 1), arrivals(ctx, bench, assembly, uploads, manyClients), arrivals(ctx, bench, assembly, uploads/5, 1))
	if err != nil {
		return nil, err
	}
	each := func(times []time.Duration, uploads int) series {
		return seriesOf(times, func(t time.Duration) float64 { return t.Seconds() / float64(uploads) })
	}
	return []comparison{{
		fmt.Sprintf("%d clips uploaded until all are ready, none lost, none double: time for each", uploads), duration,
		side{fmt.Sprintf("%d clients", manyClients), each(many, uploads), 0},
		side{"1 client, a fifth of them", each(one, uploads/5), 0},
		0,
	}}, nil
}

// arrivals uploads a number of clips to a new local run and waits until each is ready.
func arrivals(ctx context.Context, bench *workbench, assembly string, uploads, clients int) func() (time.Duration, error) {
	return func() (took time.Duration, err error) {
		err = bench.whileLocal(ctx, assembly, func(run *localRun) error {
			begin := time.Now()
			ids, err := uploadAll(ctx, run, uploads, clients)
			if err != nil {
				return err
			}
			if err := awaitAll(ctx, run, ids); err != nil {
				return err
			}
			took = time.Since(begin)
			return checkRecords(ctx, run, ids)
		})
		return took, err
	}
}

// uploadAll returns the ids of what it uploaded.
func uploadAll(ctx context.Context, run *localRun, uploads, clients int) (map[string]bool, error) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		ids   = map[string]bool{}
		errs  error
		work  = make(chan struct{}, uploads)
	)
	for range uploads {
		work <- struct{}{}
	}
	close(work)
	content := clip.MP4()
	for range clients {
		group.Go(func() {
			client := newClient(run)
			for range work {
				f, err := client.presignedURL(ctx)
				if err == nil {
					err = client.uploadContent(ctx, f, content)
				}
				mu.Lock()
				ids[f.ID], errs = true, errors.Join(errs, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	if errs == nil && len(ids) != uploads {
		errs = fmt.Errorf("%d uploads have %d ids", uploads, len(ids))
	}
	return ids, errs
}

// awaitAll waits for the events of some uploads. An event that says the same again has the same announcement.
func awaitAll(ctx context.Context, run *localRun, ids map[string]bool) error {
	log, announced := run.events(), map[string]string{} // upload to announcement
	for deadline := time.Now().Add(eventTimeout); len(announced) < len(ids); {
		events, err := log.next()
		if err != nil {
			return err
		}
		for _, e := range events {
			before, again := announced[e.upload]
			if e.kind != uploadReady || !ids[e.upload] || again && before != e.announcement {
				return fmt.Errorf("event %s of upload %s, want one %s of each upload", e.kind, e.upload, uploadReady)
			}
			announced[e.upload] = e.announcement
		}
		if err := pause(ctx, deadline); err != nil {
			return fmt.Errorf("waiting for the events of %d uploads, of which %d came: %w", len(ids), len(announced), err)
		}
	}
	return nil
}

// checkRecords holds the list to the uploads: each is in it once, ready, and the owner's usage is the sum of their sizes.
func checkRecords(ctx context.Context, run *localRun, ids map[string]bool) error {
	client, listed, sum := newClient(run), map[string]bool{}, int64(0)
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := client.list(ctx, 100, cursor)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if u.Status != "ready" || !ids[u.ID] || listed[u.ID] {
				return fmt.Errorf("the list has upload %s, %s, want each upload once, ready", u.ID, u.Status)
			}
			listed[u.ID] = true
			sum += u.Size
		}
		cursor = page.Cursor
	}
	if len(listed) != len(ids) {
		return fmt.Errorf("the list has %d uploads, want %d", len(listed), len(ids))
	}
	return checkUsage(ctx, run, sum)
}

// A page is an answer of GET uploads.
type page struct {
	Uploads []struct {
		ID, Status string
		Size       int64
	}
	Cursor string
}

// list gets a page of the owner's newest uploads, or of those after a cursor.
func (c *client) list(ctx context.Context, limit int, cursor string) (page, error) {
	path := fmt.Sprintf("uploads?limit=%d", limit)
	if cursor != "" {
		path += "&cursor=" + url.QueryEscape(cursor)
	}
	body, err := c.get(ctx, path, true)
	if err != nil {
		return page{}, err
	}
	var p page
	err = json.Unmarshal(body, &p)
	return p, err
}
