package services

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"postern/local/iam"
)

// Bounds of the event bus.
// Source: Amazon EventBridge API Reference, PutEvents.
const (
	defaultBus   = "default"
	maxEvents    = 10
	maxEventSize = 256 << 10 // bytes, of a request's entries
)

// A bus is the default event bus. It prints each event and keeps it in a file, and has no rules.
type bus struct {
	arns
	log io.Writer

	mu   sync.Mutex
	file *os.File
}

// openBus starts with an empty file of events, one a line, that only its owner may read.
func openBus(data string, arns arns, log io.Writer) (*bus, error) {
	name := filepath.Join(data, "events.jsonl")
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("replacing the file of events: %w", err)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the file of events: %w", err)
	}
	return &bus{arns: arns, log: log, file: file}, nil
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.file.Close()
}

// An entry is one event of a request, as its sender has it.
type entry struct {
	Source, DetailType, Detail, EventBusName string

	Resources []string
}

// busARN is that of a bus named by its name or its ARN.
func (b *bus) busARN(name string) string {
	if name == "" {
		name = defaultBus
	}
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return b.arn("events", "event-bus/"+name)
}

// calls are what a request to EventBridge wants to do: with PutEvents, one for each entry.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EventBridge".
func (b *bus) calls(operation string, input object) ([]iam.Call, error) {
	if operation != "PutEvents" {
		return []iam.Call{{Action: "events:" + operation, Resource: "*"}}, nil
	}
	entries, err := member[[]any](input, "Entries")
	if err != nil {
		return nil, err
	}
	calls := []iam.Call{}
	for _, e := range entries {
		e, ok := e.(map[string]any)
		if !ok {
			return nil, errors.New("want objects as Entries")
		}
		name, err := member[string](e, "EventBusName")
		source, err2 := member[string](e, "Source")
		kind, err3 := member[string](e, "DetailType")
		if err := errors.Join(err, err2, err3); err != nil {
			return nil, err
		}
		call := iam.Call{Action: "events:PutEvents", Resource: b.busARN(name), Conditions: map[string]string{}}
		for key, value := range map[string]string{"events:source": source, "events:detail-type": kind} {
			if value != "" {
				call.Conditions[key] = value
			}
		}
		calls = append(calls, call)
	}
	return calls, nil
}

// ServeHTTP answers PutEvents: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
func (b *bus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var input struct{ Entries []entry }
	if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
		fail(w, http.StatusBadRequest, "SerializationException", "")
		return
	}
	if _, operation := targetOf(r); operation != "PutEvents" {
		fail(w, http.StatusBadRequest, "UnknownOperationException", "")
		return
	}
	if f := b.check(input.Entries); f != nil {
		fail(w, http.StatusBadRequest, f.code, f.message)
		return
	}
	answers, failed := make([]eventAnswer, len(input.Entries)), 0
	for i, e := range input.Entries {
		if f := checkEvent(e); f != nil {
			answers[i] = eventAnswer{ErrorCode: f.code, ErrorMessage: f.message}
			failed++
			continue
		}
		id := uuid.NewString()
		if err := b.publish(id, e); err != nil {
			answers[i] = eventAnswer{ErrorCode: "InternalFailure", ErrorMessage: "Internal failure."}
			failed++
			continue
		}
		answers[i] = eventAnswer{EventID: id}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{"FailedEntryCount": failed, "Entries": answers})
}

// An eventAnswer is what became of an entry.
type eventAnswer struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// check refuses a whole request.
func (b *bus) check(entries []entry) *fault {
	if len(entries) < 1 || len(entries) > maxEvents {
		return faultf("ValidationException", "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and %d", maxEvents)
	}
	size := 0
	for _, e := range entries {
		if arn := b.busARN(e.EventBusName); arn != b.busARN(defaultBus) {
			return faultf("ResourceNotFoundException", "Event bus %s does not exist.", e.EventBusName)
		}
		size += len(e.Source) + len(e.DetailType) + len(e.Detail)
	}
	if size > maxEventSize {
		return faultf("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	return nil
}

// checkEvent refuses one event.
func checkEvent(e entry) *fault {
	for _, required := range []struct{ name, value string }{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if required.value == "" {
			return faultf("InvalidArgument", "Parameter %[1]s is not valid. Reason: %[1]s is a required argument.", required.name)
		}
	}
	if strings.HasPrefix(e.Source, "aws.") {
		return faultf("NotAuthorizedForSourceException", "Not authorized for the source.")
	}
	if _, err := readObject([]byte(e.Detail)); err != nil {
		return faultf("MalformedDetail", "Detail is malformed.")
	}
	return nil
}

// An event is what a target of the bus would be given.
// Source: Amazon EventBridge User Guide, "AWS service event metadata".
type event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func (b *bus) publish(id string, e entry) error {
	var detail bytes.Buffer
	if err := json.Compact(&detail, []byte(e.Detail)); err != nil {
		return err
	}
	line, err := json.Marshal(event{
		Version: "0", ID: id, DetailType: e.DetailType, Source: e.Source, Account: b.account, Region: b.region,
		Time: time.Now().UTC().Format(time.RFC3339), Resources: append([]string{}, e.Resources...), Detail: detail.Bytes(),
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keeping an event: %w", err)
	}
	kind := strings.Trim(strconv.Quote(e.DetailType), `"`) // in one line
	_, _ = fmt.Fprintf(b.log, "event: %s %s\n", kind, detail.Bytes())
	return nil
}
