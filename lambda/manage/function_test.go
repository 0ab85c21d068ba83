package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/truora/minidyn/server"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/upload"
)

// setup is what the function is made of.
func setup(log io.Writer) function.Setup[contract.ManageEnv] {
	return function.Setup[contract.ManageEnv]{
		Env: contract.ManageEnv{
			Bucket: "examplebucket", UploadsTable: "uploads", UsersTable: "users", QueueURL: "https://sqs.eu-west-1.amazonaws.com/123456789012/Inspections",
			Lifetime: 15 * time.Minute, Folders: folders(),
			Throttle: contract.Throttle{OwnerRate: 1, OwnerBurst: 10, ServiceRate: 1, ServiceBurst: 1},
		},
		Runtime: runtimeAt(function.S3, ""), Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
}

func TestNoBucket(t *testing.T) {
	setup := setup(io.Discard)
	setup.Env.Bucket = "No Bucket"
	if _, err := newFunction(setup); err == nil {
		t.Error("it starts")
	}
}

// listOf is an S3 that has one version of one key, and no multipart upload.
func listOf(key string, modified time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<ListVersionsResult><Version><Key>%s</Key><VersionId>v</VersionId><IsLatest>true</IsLatest>`+
			`<LastModified>%s</LastModified><Size>7</Size></Version></ListVersionsResult>`, key, modified.UTC().Format(time.RFC3339))
	}
}

// The function as Lambda starts it finds its table, its bucket and its queue at their addresses.
func TestFunction(t *testing.T) {
	id := idAt(time.Now(), 1, "mp4")
	dynamo := httptest.NewServer(server.NewServer())
	defer dynamo.Close()
	uploads := newTableAt(t, dynamo.URL)
	s3 := httptest.NewServer(listOf(keyOf(owner, id), time.Now().Add(-time.Hour)))
	defer s3.Close()
	var queued []sent
	var w world
	setup := setup(&w.log)
	setup.Runtime.Endpoints = map[function.Service]string{function.DynamoDB: dynamo.URL, function.S3: s3.URL, function.SQS: newSQS(t, &queued)}
	gateway, err := newFunction(setup)
	if err != nil {
		t.Fatal(err)
	}
	w.gateway = gateway
	got := see[api.Upload](t, w.do(t, call{owner: owner, id: id}), http.StatusOK)
	if got.Status != "waiting" || got.Size != 7 || w.log.Len() != 0 {
		t.Errorf("got %+v, log %s", got, &w.log)
	}
	if len(queued) != 1 || queued[0].QueueURL != setup.Env.QueueURL || !strings.Contains(queued[0].Body, `"name":"examplebucket"`) {
		t.Errorf("queued %+v, want one message", queued)
	}
	checkRefusal(t, "list", w.do(t, call{owner: owner, path: "/uploads"}), http.StatusOK, `{"uploads":[]}`+"\n")

	record := arrived(owner, id)
	record.Status, record.Filename = upload.Ready, "Été.mp4"
	if err := uploads.Accept(t.Context(), record, upload.Usage{Bytes: 100, Files: 1}); err != nil {
		t.Fatal(err)
	}
	download := see[api.Download](t, w.do(t, call{owner: owner, path: "/uploads/{id}/download", id: id}), http.StatusOK)
	address, query, _ := strings.Cut(download.URL, "?")
	values, err := url.ParseQuery(query)
	if want := s3.URL + "/examplebucket/" + record.Key; err != nil || address != want {
		t.Errorf("url %s, %v, want %s", address, err, want)
	}
	for name, want := range map[string]string{
		"versionId": "v1", "X-Amz-Expires": "300", "X-Amz-Security-Token": "token", "response-content-type": "video/mp4",
		"response-content-language": "und", "response-cache-control": "private, no-store", "response-expires": "Thu, 01 Jan 1970 00:00:00 GMT",
		"response-content-disposition": upload.Disposition(api.Attachment, "Été.mp4"),
	} {
		if got := values.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if left := time.Until(download.Expires.Time); left < 4*time.Minute || left > 5*time.Minute || download.Expires.Location() != time.UTC {
		t.Errorf("expires %v, want in 5 minutes, in UTC", download.Expires)
	}
}

// TestOneCallerIsBounded holds the function to the throttle of its environment.
func TestOneCallerIsBounded(t *testing.T) {
	var w world
	setup := setup(&w.log)
	gateway, err := newFunction(setup)
	if err != nil {
		t.Fatal(err)
	}
	w.gateway = gateway
	for _, principal := range []string{owner, other} { // a user, and a service for it
		ask := call{principal: principal, owner: owner, id: "nobody granted it"}
		if got := w.do(t, ask).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", principal, got)
		}
		refused := false
		for range 1000 { // far faster than one a second
			refused = refused || w.do(t, ask).StatusCode == http.StatusTooManyRequests
		}
		if !refused {
			t.Errorf("%s is never refused, want 429", principal)
		}
	}
}

// A function's start takes as long as its binary is large.
func TestLinksOnlyTheServicesItCalls(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	for dependency := range bytes.Lines(output) {
		name := strings.TrimSpace(string(dependency))
		service, ok := strings.CutPrefix(name, services)
		service, _, _ = strings.Cut(service, "/")
		if ok && service != "internal" && service != "dynamodb" && service != "s3" && service != "sqs" {
			t.Errorf("manage links %s", name)
		}
		if strings.HasPrefix(name, "github.com/aws/aws-sdk-go-v2/config") || strings.HasPrefix(name, "postern/internal/media") {
			t.Errorf("manage links %s", name)
		}
	}
}

// A sent is a request to SQS.
type sent struct {
	target   string
	QueueURL string `json:"QueueUrl"`
	Body     string `json:"MessageBody"`
	Delay    int    `json:"DelaySeconds"`
}

// newSQS is a server that takes messages as SQS does, and hands them on.
func newSQS(t *testing.T, got *[]sent) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		message := sent{target: r.Header.Get("X-Amz-Target")}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&message); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		*got = append(*got, message)
		sum := md5.Sum([]byte(message.Body))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	}))
	t.Cleanup(server.Close)
	return server.URL
}
