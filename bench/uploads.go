package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postern/api"
	"postern/client"
	"postern/local/clip"
	"postern/local/localrun"
)

// measureArrival uploads clips, one after another, and waits for the event of each.
func measureArrival(ctx context.Context, bench *workbench) (comparison, error) {
	var ready, sent []time.Duration
	err := bench.whileLocal(ctx, func(run *localrun.Run, c *client.Client) (err error) {
		sent, ready, err = newArrivals(run, c).take(ctx, bench.times(100, 20), 0)
		return err
	})
	return comparison{
		"a clip uploaded in the local run: time", duration,
		side{"from the last byte's answer to ready", seconds(ready), 0.15},
		side{"its upload", seconds(sent), 0},
		0,
	}, err
}

// arrivals are uploads of one client, one after another.
type arrivals struct {
	client *client.Client
	events *eventLog
	ids    map[string]bool // of every upload in the local run
}

func newArrivals(run *localrun.Run, c *client.Client) *arrivals {
	return &arrivals{c, newEventLog(run), map[string]bool{}}
}

// take uploads clips, each a pause after the one before was ready. It returns how long each took to be sent, and from then
// until it was ready. One more comes first, which starts the functions and does not count.
func (a *arrivals) take(ctx context.Context, times int, pause time.Duration) (sent, ready []time.Duration, err error) {
	content := clip.MP4()
	for range times + 1 {
		grant, err := a.client.Grant(ctx, api.UploadRequest{Filename: "clip.mp4", Size: int64(len(content))})
		if err != nil {
			return nil, nil, err
		}
		begin := time.Now()
		if err := a.client.Send(ctx, grant, bytes.NewReader(content), int64(len(content))); err != nil {
			return nil, nil, err
		}
		stored := time.Now()
		a.ids[grant.ID] = true
		if err := a.events.await(ctx, a.ids); err != nil {
			return nil, nil, err
		}
		sent, ready = append(sent, stored.Sub(begin)), append(ready, time.Since(stored))
		time.Sleep(pause)
	}
	return sent[1:], ready[1:], nil
}

const manyClients = 16

// measureMany uploads clips from several clients at a time and from one. None may be lost, and none may be there twice.
func measureMany(ctx context.Context, bench *workbench) (comparison, error) {
	uploads := bench.times(1000, 100)
	many, one, err := inTurn(ctx, bench.times(2, 1), bench.uploadMany(ctx, uploads, manyClients), bench.uploadMany(ctx, uploads/5, 1))
	return comparison{
		fmt.Sprintf("%d clips uploaded until all are ready, none lost, none double: time for each", uploads), duration,
		side{fmt.Sprintf("%d clients", manyClients), seconds(many), 0},
		side{"1 client, a fifth of them", seconds(one), 0},
		0,
	}, err
}

// uploadMany returns a function that uploads a number of clips to a new local run and waits until each is ready. It
// returns the time for each.
func (b *workbench) uploadMany(ctx context.Context, uploads, clients int) func() (time.Duration, error) {
	return func() (each time.Duration, err error) {
		err = b.whileLocal(ctx, func(run *localrun.Run, c *client.Client) error {
			begin := time.Now()
			ids, err := uploadClips(ctx, c, uploads, clients)
			if err != nil {
				return err
			}
			if err := newEventLog(run).await(ctx, ids); err != nil {
				return err
			}
			each = time.Since(begin) / time.Duration(uploads)
			return checkList(ctx, c, ids)
		})
		return each, err
	}
}

// uploadClips uploads clips, as many at a time as there are clients, and returns the ids.
func uploadClips(ctx context.Context, c *client.Client, uploads, clients int) (map[string]bool, error) {
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
			for range work {
				request := api.UploadRequest{Filename: "clip.mp4", Size: int64(len(content))}
				id, err := c.Upload(ctx, bytes.NewReader(content), client.UploadOptions{Request: request})
				mu.Lock()
				ids[id], errs = true, errors.Join(errs, err)
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

// checkList returns an error unless the list has each upload once, ready.
func checkList(ctx context.Context, c *client.Client, ids map[string]bool) error {
	listed := map[string]bool{}
	for page, err := range c.List(ctx, client.ListOptions{}) {
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if u.Status != api.StatusReady || !ids[u.ID] || listed[u.ID] {
				return fmt.Errorf("the list has upload %s, %s, want each upload once, ready", u.ID, u.Status)
			}
			listed[u.ID] = true
		}
	}
	if len(listed) != len(ids) {
		return fmt.Errorf("the list has %d uploads, want %d", len(listed), len(ids))
	}
	return nil
}

// eventTimeout is how long an event may take.
const eventTimeout = 2 * time.Minute

// An eventLog reads the file of a local run's events while the run writes it.
type eventLog struct {
	name   string
	offset int64
	seen   map[string]string // upload id to event id
}

func newEventLog(run *localrun.Run) *eventLog {
	return &eventLog{name: filepath.Join(run.Data, "events.jsonl"), seen: map[string]string{}}
}

// An event is one of an upload.
type event struct {
	Kind   string `json:"detail-type"`
	Detail struct {
		ID     string // the same in an event that is published again
		Upload struct{ ID string }
	}
}

// await reads until there is an event of each upload. Every event must say that one of them is ready, and an upload may
// have one event alone, even if that is published again.
func (l *eventLog) await(ctx context.Context, ids map[string]bool) error {
	for deadline := time.Now().Add(eventTimeout); len(l.seen) < len(ids); time.Sleep(time.Millisecond) {
		events, err := l.next()
		if err != nil {
			return err
		}
		for _, e := range events {
			id := e.Detail.Upload.ID
			if e.Kind != "Upload Ready" || !ids[id] || l.seen[id] != "" && l.seen[id] != e.Detail.ID {
				return fmt.Errorf("event %s of upload %s, want one Upload Ready of each upload", e.Kind, id)
			}
			l.seen[id] = e.Detail.ID
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d uploads have no event after %s", len(ids)-len(l.seen), len(ids), eventTimeout)
		}
	}
	return nil
}

// next returns the events since the last call. It leaves a line that is not yet whole for the next one.
func (l *eventLog) next() ([]event, error) {
	file, err := os.Open(l.name)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.NewSectionReader(file, l.offset, 1<<40))
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	whole := content[:bytes.LastIndexByte(content, '\n')+1]
	l.offset += int64(len(whole))
	var events []event
	for line := range bytes.Lines(whole) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("reading events: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}
