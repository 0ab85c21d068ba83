package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/smithy-go"

	"postern/api"
)

// eventSource is the source of a stage's events.
const eventSource = "postern"

// A smokeEvent is an event of the stage, as far as the smoke test reads it.
type smokeEvent struct {
	Source string `json:"source"`
	Detail struct {
		Upload struct{ ID, Owner, Status string } `json:"upload"`
	} `json:"detail"`
}

// An eventWatch receives the events of an owner's uploads.
type eventWatch interface {
	// begin begins to watch. Events before it are missed.
	begin(ctx context.Context) error
	// next returns events that came, and none if for a short while none did. Any may come twice.
	next(ctx context.Context) ([]smokeEvent, error)
	// end removes what begin has made. It may be called at any time.
	end(ctx context.Context) error
}

// A skipError says why a step is left out, without a failure.
type skipError string

func (e skipError) Error() string { return string(e) }

// watchEvents begins to watch the event bus, before the uploads.
func (s *smoke) watchEvents(ctx context.Context) error {
	if s.at.Stage == localStage {
		s.events = &fileWatch{filepath.Join(s.at.Data, "events.jsonl")}
		return s.events.begin(ctx)
	}
	s.events = newBusWatch(s.stage.config, s.users[0].owner)
	err := s.events.begin(ctx)
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && isDenied(refusal.ErrorCode()) {
		err = skipError(explain(err).Error())
		s.unwatched = true
	}
	return err
}

func isDenied(code string) bool { return code == "AccessDenied" || code == "AccessDeniedException" }

// seeEvents waits for an event of each verdict.
func (s *smoke) seeEvents(ctx context.Context) error {
	if s.unwatched {
		return skipError("nobody watched")
	}
	missing := map[string]string{
		s.form: api.StatusReady, s.put: api.StatusReady, s.parts: api.StatusReady, s.rejected: api.StatusRejected,
	}
	for len(missing) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%d of 4 events have not come", len(missing))
		}
		came, err := s.events.next(ctx)
		if err != nil {
			return explain(err)
		}
		for _, event := range came {
			upload := event.Detail.Upload
			if event.Source == eventSource && missing[upload.ID] != "" && missing[upload.ID] == upload.Status {
				delete(missing, upload.ID)
			}
		}
	}
	return nil
}

// A fileWatch reads the events of the local run, which keeps them in a file.
type fileWatch struct{ file string }

func (w *fileWatch) begin(context.Context) error {
	if _, err := os.Stat(w.file); err != nil {
		return fmt.Errorf("looking for the local run's events: %w", err)
	}
	return nil
}

func (w *fileWatch) next(ctx context.Context) ([]smokeEvent, error) {
	select {
	case <-ctx.Done():
		return nil, nil
	case <-time.After(100 * time.Millisecond):
	}
	content, err := os.ReadFile(w.file)
	if err != nil {
		return nil, fmt.Errorf("reading the local run's events: %w", err)
	}
	var all []smokeEvent
	for line := range bytes.Lines(content) {
		var event smokeEvent
		if json.Unmarshal(line, &event) == nil { // the last one may be half written
			all = append(all, event)
		}
	}
	return all, nil
}

func (w *fileWatch) end(context.Context) error { return nil }
