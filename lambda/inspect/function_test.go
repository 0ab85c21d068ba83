package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/upload"
)

// setup is what the function is made of, with every service at an address.
func setup(log io.Writer, address string) function.Setup[contract.InspectEnv] {
	return function.Setup[contract.InspectEnv]{
		Env: contract.InspectEnv{
			Bucket: "bucket", UploadsTable: "uploads", EventBus: "default", OwnerKeySecret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:OwnerKey-AbCdEf",
			Folders: contract.Folders{"videos": {MaxSize: 1 << 30, Formats: map[string]string{"mp4": "video/mp4"}}},
		},
		Runtime: function.Runtime{
			RuntimeEnv: contract.RuntimeEnv{Region: "eu-west-1", AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"},
			Endpoints:  map[function.Service]string{function.S3: address, function.DynamoDB: address, function.EventBridge: address},
		},
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
}

// busAt is a bus at an address.
func busAt(address string) *bus {
	return newBus(eventbridge.NewFromConfig(awsclient.Config(setup(io.Discard, address).Runtime, function.EventBridge)), "default")
}

// The whole function, whose services refuse: the message comes again, and the log tells which.
func TestFunctionWhoseServicesRefuse(t *testing.T) {
	var calls []string
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Header.Get("X-Amz-Target"))
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"not authorized"}`)
	}))
	defer refusing.Close()
	var log bytes.Buffer
	response, err := newHandler(setup(&log, refusing.URL)).handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: fixture(t, "created.json")}}})
	want := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{ItemIdentifier: "m"}}}
	if diff := cmp.Diff(response, want); err != nil || diff != "" {
		t.Errorf("handle: %v (-got +want)\n%s", err, diff)
	}
	if diff := cmp.Diff(calls, []string{"DynamoDB_20120810.GetItem"}); diff != "" {
		t.Errorf("calls (-got +want)\n%s", diff)
	}
	for _, want := range []string{`"messageId":"m"`, `"owner":"` + owner, `"id":"` + id, "AccessDenied"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, &log)
		}
	}
}

func rejection() upload.Event {
	return upload.Event{ID: owner + "/" + id + "/rejected", Record: upload.Record{
		Owner: owner, ID: id, Key: key, VersionID: "v", Status: upload.Rejected, Reason: upload.Unsigned,
		Size: 7, Type: "video/mp4", Detected: "text/html", Checksum: "c", ChecksumAlgorithm: "CRC64NVME", Filename: "planted", Title: "planted", Description: "planted", Labels: []string{"planted"}, Context: "order 7",
	}}
}

func TestPublish(t *testing.T) {
	var request string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request = r.Header.Get("X-Amz-Target") + " " + string(body)
		_, _ = io.WriteString(w, `{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}`)
	}))
	defer server.Close()
	bus := busAt(server.URL)
	if err := bus.Publish(t.Context(), rejection()); err != nil {
		t.Fatal(err)
	}
	want := `AWSEvents.PutEvents {"Entries":[{"Detail":"{\"id\":\"` + owner + `/` + id + `/rejected\",\"upload\":{\"id\":\"` + id + `\",\"owner\":\"` + owner +
		`\",\"key\":\"` + key + `\",\"versionId\":\"v\",\"status\":\"rejected\",\"reason\":\"unsigned\",\"size\":7,\"type\":\"video/mp4\",\"detected\":\"text/html\",\"checksum\":\"c\",\"checksumAlgorithm\":\"CRC64NVME\",\"context\":\"order 7\"}}",` +
		`"DetailType":"Upload Rejected","EventBusName":"default","Source":"postern"}]}`
	if diff := cmp.Diff(request, want); diff != "" {
		t.Errorf("request (-got +want)\n%s", diff)
	}
	for status, want := range map[upload.Status]string{upload.Ready: `"DetailType":"Upload Ready"`, upload.Deleted: `"DetailType":"Upload Deleted"`} {
		if err := bus.Publish(t.Context(), upload.Event{Record: upload.Record{Status: status}}); err != nil || !strings.Contains(request, want) {
			t.Errorf("%s: %v, %s, want %s", status, err, request, want)
		}
	}
	if err := bus.Publish(t.Context(), upload.Event{Record: upload.Record{Status: upload.Accepted}}); err == nil {
		t.Error("the event of an accepted upload is published")
	}
}

func TestPublishFails(t *testing.T) {
	for name, answer := range map[string]string{
		"refused":                `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"NotAuthorizedForSource","ErrorMessage":"planted"}]}`,
		"refused without a code": `{"FailedEntryCount":1,"Entries":[]}`,
		"no JSON":                `<html>`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
		bus := busAt(server.URL)
		if err := bus.Publish(t.Context(), rejection()); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: got %v, want an error", name, err)
		}
		server.Close()
	}
}

// A failing content cannot be read.
type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
func (failing) Size() int64                         { return 1000 }

func TestCheck(t *testing.T) {
	fault := errors.New("a fault")
	format := contract.Format{Extension: "mp4", ContentType: "video/mp4", Folder: "videos"}
	const page = "<!DOCTYPE html><html><body>not a video</body></html>"
	for _, test := range []struct {
		name    string
		content interface {
			io.ReaderAt
			Size() int64
		}
		want upload.Finding
		err  error
	}{
		{"a page", strings.NewReader(page), upload.Finding{Detected: "text/html", Reason: upload.TypeMismatch}, nil},
		{"over the budget", failing{upload.ErrBudget}, upload.Finding{Detected: "application/octet-stream", Reason: upload.TypeMismatch}, nil},
		{"gone", failing{upload.ErrGone}, upload.Finding{}, upload.ErrGone},
		{"a fault", failing{fault}, upload.Finding{}, fault},
		{"an MP4", strings.NewReader("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42\x00\x00\x00\x08moov\x00\x00\x00\x08mdat"), upload.Finding{Detected: "video/mp4"}, nil},
	} {
		got, err := check(contract.Inspection{})(format, upload.Object{Size: test.content.Size(), Content: test.content})
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: check = %v, %v, want %v, %v", test.name, got, err, test.want, test.err)
		}
	}
}
