package services_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"postern/local/iam"
)

func (r awsRun) events(c iam.Credentials) *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{Region: region, BaseEndpoint: &r.URL, Credentials: c.Provider(), RetryMaxAttempts: 1})
}

func entryOf(bus, source, kind, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{EventBusName: &bus, Source: &source, DetailType: &kind, Detail: &detail}
}

func TestPutEvents(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(data, "events.jsonl")
	if err := os.WriteFile(file, []byte("of the run before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := startAWS(t, data)
	out, err := server.events(server.issue(t, "InspectRole")).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entryOf("default", "postern", "Upload Ready", "{\n \"id\": \"a\" }"),
		entryOf("default", "postern", "Upload Ready", "[]"),
		entryOf(busARN, "postern", "Upload\nDeleted", `{"id":"b"}`),
		entryOf("default", "postern", "Upload Ready", ""),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, e := range out.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if diff := cmp.Diff(codes, []string{"", "MalformedDetail", "", "InvalidArgument"}); diff != "" || out.FailedEntryCount != 2 {
		t.Errorf("%d failed (-got +want):\n%s", out.FailedEntryCount, diff)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v, want mode 0600", info, err)
	}
	text, _ := os.ReadFile(file)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("got the events\n%s\nwant two", text)
	}
	var got map[string]any
	if err := json.Unmarshal(lines[0], &got); err != nil {
		t.Fatal(err)
	}
	if at, err := time.Parse(time.RFC3339, got["time"].(string)); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("got the time %v", got["time"])
	}
	want := map[string]any{
		"version": "0", "id": *out.Entries[0].EventId, "detail-type": "Upload Ready", "source": "postern", "account": account,
		"time": got["time"], "region": region, "resources": []any{}, "detail": map[string]any{"id": "a"},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("event (-got +want):\n%s", diff)
	}
	if want := "event: Upload Ready {\"id\":\"a\"}\nevent: Upload\\nDeleted {\"id\":\"b\"}\n"; server.denied.String() != want {
		t.Errorf("logged %q, want %q", server.denied, want)
	}
}

func TestPutEventsRefuses(t *testing.T) {
	server := startAWS(t, t.TempDir())
	inspect, operator := server.events(server.issue(t, "InspectRole")), server.events(server.issue(t, iam.Operator))
	ready := entryOf("default", "postern", "Upload Ready", "{}")
	for name, test := range map[string]struct {
		client  *eventbridge.Client
		entries []types.PutEventsRequestEntry
		want    string
		denied  string
	}{
		"another source": {
			inspect,
			[]types.PutEventsRequestEntry{ready, entryOf("default", "another", "Upload Ready", "{}")},
			"AccessDeniedException",
			"InspectRole lacks events:PutEvents on " + busARN + " if events:detail-type = Upload Ready, events:source = another",
		},
		"no source": {
			inspect,
			[]types.PutEventsRequestEntry{{DetailType: aws.String("Upload Ready"), Detail: aws.String("{}")}},
			"AccessDeniedException",
			"InspectRole lacks events:PutEvents on " + busARN + " if events:detail-type = Upload Ready",
		},
		"another bus": {
			inspect,
			[]types.PutEventsRequestEntry{entryOf("other", "postern", "Upload Ready", "{}")},
			"AccessDeniedException",
			"InspectRole lacks events:PutEvents on " + strings.Replace(busARN, "default", "other", 1) + " if events:detail-type = Upload Ready, events:source = postern",
		},
		"no such bus": {operator, []types.PutEventsRequestEntry{entryOf("other", "postern", "Upload Ready", "{}")}, "ResourceNotFoundException", ""},
		"too many":    {operator, make([]types.PutEventsRequestEntry, 11), "ValidationException", ""},
		"too large":   {operator, []types.PutEventsRequestEntry{entryOf("", "postern", "a", `{"a":"`+strings.Repeat("a", 256<<10)+`"}`)}, "ValidationException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: test.entries})
			if code := codeOf(err); code != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if test.denied != "" && server.denied.last() != "iam: denied: "+test.denied {
				t.Errorf("logged %q, want %q", server.denied.last(), test.denied)
			}
			if strings.Contains(server.denied.String(), "event: ") {
				t.Errorf("an event is published: %s", server.denied)
			}
		})
	}
}
