package events_test

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

	local "postern/local/events"
	"postern/local/iam"
	"postern/local/stacktest"
)

func start(t *testing.T, data string) stacktest.Server {
	t.Helper()
	g := stacktest.NewGuard()
	bus, err := local.Open(data, stacktest.Stack(), g.Log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	return stacktest.Serve(t, g, nil, bus.Service())
}

func client(server stacktest.Server, c iam.Credentials) *eventbridge.Client {
	return eventbridge.NewFromConfig(server.Client(c))
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
	server := start(t, data)
	out, err := client(server, server.Issue(t, "InspectRole")).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entryOf("default", "postern", "Upload Ready", "{\n \"id\": \"a\" }"),
		entryOf("default", "postern", "Upload Ready", "[]"),
		entryOf(stacktest.BusARN, "postern", "Upload\nDeleted", `{"id":"b"}`),
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
		"version": "0", "id": *out.Entries[0].EventId, "detail-type": "Upload Ready", "source": "postern", "account": stacktest.Account,
		"time": got["time"], "region": stacktest.Region, "resources": []any{}, "detail": map[string]any{"id": "a"},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("event (-got +want):\n%s", diff)
	}
	if want := "event: Upload Ready {\"id\":\"a\"}\nevent: Upload\\nDeleted {\"id\":\"b\"}\n"; server.Log.String() != want {
		t.Errorf("logged %q, want %q", server.Log, want)
	}
}

func TestPutEventsRefuses(t *testing.T) {
	server := start(t, t.TempDir())
	inspect, operator := client(server, server.Issue(t, "InspectRole")), client(server, server.Issue(t, iam.Operator))
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
			"InspectRole lacks events:PutEvents on " + stacktest.BusARN + " if events:detail-type = Upload Ready, events:source = another",
		},
		"no source": {
			inspect,
			[]types.PutEventsRequestEntry{{DetailType: aws.String("Upload Ready"), Detail: aws.String("{}")}},
			"AccessDeniedException",
			"InspectRole lacks events:PutEvents on " + stacktest.BusARN + " if events:detail-type = Upload Ready",
		},
		"another bus": {
			inspect,
			[]types.PutEventsRequestEntry{entryOf("other", "postern", "Upload Ready", "{}")},
			"AccessDeniedException",
			"InspectRole lacks events:PutEvents on " + strings.Replace(stacktest.BusARN, "default", "other", 1) + " if events:detail-type = Upload Ready, events:source = postern",
		},
		"no such bus": {operator, []types.PutEventsRequestEntry{entryOf("other", "postern", "Upload Ready", "{}")}, "ResourceNotFoundException", ""},
		"too many":    {operator, make([]types.PutEventsRequestEntry, 11), "ValidationException", ""},
		"too large":   {operator, []types.PutEventsRequestEntry{entryOf("", "postern", "a", `{"a":"`+strings.Repeat("a", 256<<10)+`"}`)}, "ValidationException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: test.entries})
			if code := stacktest.Code(err); code != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if test.denied != "" && server.Log.Last() != "iam: denied: "+test.denied {
				t.Errorf("logged %q, want %q", server.Log.Last(), test.denied)
			}
			if strings.Contains(server.Log.String(), "event: ") {
				t.Errorf("an event is published: %s", server.Log)
			}
		})
	}
}
