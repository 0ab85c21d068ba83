// Package events serves the default event bus of EventBridge: it prints each event and keeps it in a file.
package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/iam"
)

// Bounds of the event bus.
// Source: Amazon EventBridge API Reference, PutEvents.
const (
	defaultBus   = "default"
	maxEvents    = 10
	maxEventSize = 256 << 10 // bytes, of a request's entries
)

// A Bus is the default event bus. It has no rules.
type Bus struct {
	arns awsserver.ARNs
	log  io.Writer

	mu   sync.Mutex
	file *os.File
}

// Open opens the bus of a stack with an empty file events.jsonl in the data folder. The file gets one line an event, as
// EventBridge would deliver it, and only its owner may read it. Log gets a line an event too.
func Open(data string, stack *cfn.Stack, log io.Writer) (*Bus, error) {
	name := filepath.Join(data, "events.jsonl")
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("replacing the file of events: %w", err)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the file of events: %w", err)
	}
	return &Bus{arns: awsserver.ARNs{Region: stack.Region, Account: stack.AccountID}, log: log, file: file}, nil
}

// Close closes the file.
func (b *Bus) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.file.Close()
}

// Service returns the service that puts events on the bus.
func (b *Bus) Service() awsserver.Service {
	return awsserver.Service{Name: "events", Target: "AWSEvents", Calls: b.calls, Handler: awsserver.Handler("", b.put)}
}

// An entry is one event of a request, as its sender has it.
type entry struct {
	Source, DetailType, Detail, EventBusName string

	Resources []string
}

// busARN returns the ARN of a bus that is named by its name or its ARN.
func (b *Bus) busARN(name string) string {
	if name == "" {
		name = defaultBus
	}
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return b.arns.ARN("events", "event-bus/"+name)
}

// calls returns what a request wants to do: PutEvents is one call for each entry.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EventBridge".
func (b *Bus) calls(operation string, input awsserver.Object) ([]iam.Call, error) {
	if operation != "PutEvents" {
		return []iam.Call{{Action: "events:" + operation, Resource: "*"}}, nil
	}
	entries, err := awsserver.Member[[]any](input, "Entries")
	if err != nil {
		return nil, err
	}
	calls := []iam.Call{}
	for _, e := range entries {
		e, ok := e.(map[string]any)
		if !ok {
			return nil, errors.New("want objects as Entries")
		}
		name, err := awsserver.Member[string](e, "EventBusName")
		source, err2 := awsserver.Member[string](e, "Source")
		kind, err3 := awsserver.Member[string](e, "DetailType")
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

// put answers PutEvents: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
func (b *Bus) put(_ context.Context, operation string, input struct{ Entries []entry }) (any, error) {
	if operation != "PutEvents" {
		return nil, awsserver.Errorf("UnknownOperationException", "")
	}
	if refusal := b.check(input.Entries); refusal != nil {
		return nil, refusal
	}
	answers, failed := make([]entryAnswer, len(input.Entries)), 0
	for i, e := range input.Entries {
		answers[i] = b.putOne(e)
		if answers[i].ErrorCode != "" {
			failed++
		}
	}
	return map[string]any{"FailedEntryCount": failed, "Entries": answers}, nil
}

func (b *Bus) putOne(e entry) entryAnswer {
	if refusal := checkEntry(e); refusal != nil {
		return entryAnswer{ErrorCode: refusal.Code, ErrorMessage: refusal.Message}
	}
	id := uuid.NewString()
	if err := b.publish(id, e); err != nil {
		return entryAnswer{ErrorCode: "InternalFailure", ErrorMessage: "Internal failure."}
	}
	return entryAnswer{EventID: id}
}

// An entryAnswer is the answer to an entry.
type entryAnswer struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// check refuses a whole request.
func (b *Bus) check(entries []entry) *awsserver.Error {
	if len(entries) < 1 || len(entries) > maxEvents {
		return awsserver.Errorf("ValidationException", "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and %d", maxEvents)
	}
	size := 0
	for _, e := range entries {
		if arn := b.busARN(e.EventBusName); arn != b.busARN(defaultBus) {
			return awsserver.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", e.EventBusName)
		}
		size += len(e.Source) + len(e.DetailType) + len(e.Detail)
	}
	if size > maxEventSize {
		return awsserver.Errorf("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	return nil
}

// checkEntry refuses one entry.
func checkEntry(e entry) *awsserver.Error {
	for _, required := range []struct{ name, value string }{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if required.value == "" {
			return awsserver.Errorf("InvalidArgument", "Parameter %[1]s is not valid. Reason: %[1]s is a required argument.", required.name)
		}
	}
	if strings.HasPrefix(e.Source, "aws.") {
		return awsserver.Errorf("NotAuthorizedForSourceException", "Not authorized for the source.")
	}
	if _, err := awsserver.ReadObject([]byte(e.Detail)); err != nil {
		return awsserver.Errorf("MalformedDetail", "Detail is malformed.")
	}
	return nil
}

// An event is what a target of the bus would get.
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

func (b *Bus) publish(id string, e entry) error {
	var detail bytes.Buffer
	if err := json.Compact(&detail, []byte(e.Detail)); err != nil {
		return err
	}
	line, err := json.Marshal(event{
		Version: "0", ID: id, DetailType: e.DetailType, Source: e.Source, Account: b.arns.Account, Region: b.arns.Region,
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
