package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postern/local/clip"
)

// measureArrival uploads clips with a form, one after another, and waits for the event of each.
func measureArrival(ctx context.Context, bench *workbench) ([]comparison, error) {
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return nil, err
	}
	var ready, sent []time.Duration
	err = bench.whileLocal(ctx, assembly, func(run *localRun) error {
		client, events := newClient(run), run.events()
		content := clip.MP4()
		for i := range bench.times(101, 21) {
			upload, inspection, err := arrive(ctx, client, events, content)
			if err != nil {
				return err
			}
			if i > 0 { // the first one starts the functions
				sent, ready = append(sent, upload), append(ready, inspection)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"a clip uploaded with a form, in the local run: time", duration,
		side{"from the last byte's answer to ready", seconds(ready), 0.15},
		side{"its upload", seconds(sent), 0},
		0,
	}}, nil
}

// arrive uploads one file. It returns how long that took, and how long after S3's answer it was announced to be ready.
func arrive(ctx context.Context, client *client, events *eventLog, content []byte) (upload, inspection time.Duration, err error) {
	f, err := client.presignedURL(ctx)
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := client.uploadContent(ctx, f, content); err != nil {
		return 0, 0, fmt.Errorf("uploading: %w", err)
	}
	stored := time.Now()
	e, err := events.await(ctx, f.ID)
	if err == nil && e.kind != uploadReady {
		err = fmt.Errorf("the event of an upload is %s, want %s", e.kind, uploadReady)
	}
	return stored.Sub(begin), time.Since(stored), err
}

// uploadReady is the type of the event of a good upload.
const uploadReady = "Upload Ready"

// eventTimeout is when an event is taken for lost.
const eventTimeout = 2 * time.Minute

// An event is what the bus got about an upload.
type event struct {
	kind         string
	announcement string // by which a repeated event is told
	upload       string
}

// An eventLog reads the file of events of a local run while it is written.
type eventLog struct {
	name   string
	offset int64
}

func (r *localRun) events() *eventLog {
	return &eventLog{name: filepath.Join(r.data, "events.jsonl")}
}

// await reads on until there is an event of an upload.
func (l *eventLog) await(ctx context.Context, upload string) (event, error) {
	for deadline := time.Now().Add(eventTimeout); ; {
		events, err := l.next()
		if err != nil {
			return event{}, err
		}
		for _, e := range events {
			if e.upload == upload {
				return e, nil
			}
		}
		if err := pause(ctx, deadline); err != nil {
			return event{}, fmt.Errorf("waiting for the event of an upload: %w", err)
		}
	}
}

// pause waits for what comes next, at most until a deadline.
func pause(ctx context.Context, deadline time.Time) error {
	if time.Now().After(deadline) {
		return errors.New("it did not come")
	}
	time.Sleep(time.Millisecond)
	return ctx.Err()
}

// next reads the events since the last call.
func (l *eventLog) next() ([]event, error) {
	file, err := os.Open(l.name)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	defer func() { _ = file.Close() }()
	var events []event
	lines := bufio.NewReader(io.NewSectionReader(file, l.offset, 1<<40))
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) { // what is there of a line is read once it is whole
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading events: %w", err)
		}
		l.offset += int64(len(line))
		e, err := parseEvent(line)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
}

func parseEvent(line string) (event, error) {
	var e struct {
		Kind   string `json:"detail-type"`
		Detail struct {
			ID     string
			Upload struct{ ID string }
		}
	}
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&e); err != nil {
		return event{}, fmt.Errorf("decoding an event: %w", err)
	}
	return event{e.Kind, e.Detail.ID, e.Detail.Upload.ID}, nil
}
