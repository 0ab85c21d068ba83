package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/function"
)

// marker stands for what belongs to a person: mail, password and file name in these tests hold it.
const marker = "planted-secret"

const owner = "0123456789abcdef0123"

func folders() contract.Folders {
	return contract.Folders{
		"videos":    {MaxSize: 5 << 40, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
		"documents": {MaxSize: 1 << 20, Formats: map[string]string{"pdf": "application/pdf"}},
	}
}

// throttle is one that no test but TestOneCallerIsBounded reaches.
var throttle = contract.Throttle{OwnerRate: 10_000, OwnerBurst: 10_000, ServiceRate: 10_000, ServiceBurst: 10_000}

// setup is what the function is made of, with its log.
func setup(log io.Writer) function.Setup[contract.PresignEnv] {
	return function.Setup[contract.PresignEnv]{
		Env: contract.PresignEnv{Bucket: "examplebucket", Lifetime: 15 * time.Minute, Folders: folders(), Throttle: throttle},
		Runtime: function.Runtime{RuntimeEnv: contract.RuntimeEnv{
			Region: "eu-west-1", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: "token",
		}},
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
}

// event reads the event of a request of mail alone and gives it a query.
func event(t testing.TB, query map[string][]string) events.APIGatewayProxyRequest {
	t.Helper()
	fixture, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayProxyRequest
	if err := json.Unmarshal(fixture, &event); err != nil {
		t.Fatal(err)
	}
	maps.Copy(event.MultiValueQueryStringParameters, query)
	return event
}

// uploadEvent is the event of POST /uploads with a body.
func uploadEvent(t testing.TB, body string) events.APIGatewayProxyRequest {
	t.Helper()
	e := event(t, nil)
	e.Resource, e.Path, e.HTTPMethod = "/uploads", "/uploads", http.MethodPost
	e.Headers["content-type"] = "application/json"
	e.MultiValueHeaders["content-type"] = []string{"application/json"}
	e.Body = body
	return e
}

// A handlerFunc answers events of API Gateway's proxy integration.
type handlerFunc func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// started starts the function with real parts, as Lambda would.
func started(t *testing.T, setup function.Setup[contract.PresignEnv]) handlerFunc {
	t.Helper()
	gateway, err := newFunction(setup)
	if err != nil {
		t.Fatal(err)
	}
	return handler(gateway)
}

// handler is a gateway between encoding/json's writing and reading.
func handler(gateway lambda.Handler) handlerFunc {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (response events.APIGatewayProxyResponse, err error) {
		payload, err := json.Marshal(event)
		if err != nil {
			return response, err
		}
		answer, err := gateway.Invoke(ctx, payload)
		if err != nil {
			return response, err
		}
		err = json.Unmarshal(answer, &response)
		return response, err
	}
}

// answer is the body of a form as a client reads it.
type answer struct {
	URL     string            `json:"url"`
	Fields  map[string]string `json:"fields"`
	ID      string            `json:"id"`
	Key     string            `json:"key"`
	Expires string            `json:"expires"`
}

func TestFunction(t *testing.T) {
	var log bytes.Buffer
	handle := started(t, setup(&log))
	before := time.Now()
	response, err := handle(t.Context(), event(t, map[string][]string{"filename": {marker + ".mp4"}}))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, %v", response.StatusCode, response.Body, err)
	}
	var got answer
	if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
		t.Fatal(err)
	}
	if want := "https://examplebucket.s3.eu-west-1.amazonaws.com"; got.URL != want {
		t.Errorf("url %s, want %s", got.URL, want)
	}
	if !api.IsID(got.ID) || got.Key != "videos/"+owner+"/"+got.ID || got.Fields["key"] != got.Key {
		t.Errorf("id %s, key %s, field key %s", got.ID, got.Key, got.Fields["key"])
	}
	if got.Fields["x-amz-security-token"] != "token" {
		t.Errorf("x-amz-security-token %q", got.Fields["x-amz-security-token"])
	}
	expires, err := time.Parse(time.RFC3339, got.Expires)
	if lifetime := expires.Sub(before); err != nil || !strings.HasSuffix(got.Expires, "Z") || lifetime <= 14*time.Minute || lifetime > 16*time.Minute {
		t.Errorf("expires %s, %v, want in 15 minutes, in UTC", got.Expires, err)
	}
	checkLog(t, &log, `{"message":"granted","owner":"`+owner+`","transport":"POST","count":1,"bytes":0}`)
}

func TestTwoFormsHaveTwoKeys(t *testing.T) {
	var log bytes.Buffer
	handle := started(t, setup(&log))
	var keys [2]string
	for i := range keys {
		response, err := handle(t.Context(), event(t, nil))
		var got answer
		if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
			t.Fatal(err)
		}
		if keys[i] = got.Key; err != nil || got.Key == "" {
			t.Fatalf("got %s, %v", response.Body, err)
		}
	}
	if keys[0] == keys[1] {
		t.Errorf("both forms have the key %s", keys[0])
	}
}

func TestEndpoint(t *testing.T) {
	setup := setup(io.Discard)
	setup.Runtime.Endpoints = map[function.Service]string{function.S3: "http://127.0.0.1:9000"}
	response, err := started(t, setup)(t.Context(), event(t, nil))
	if want := `"url":"http://127.0.0.1:9000/examplebucket"`; err != nil || !strings.Contains(response.Body, want) {
		t.Errorf("got %s, %v, want %s", response.Body, err, want)
	}
}

func TestNoBucket(t *testing.T) {
	setup := setup(io.Discard)
	setup.Env.Bucket = "No Bucket"
	if _, err := newFunction(setup); err == nil {
		t.Error("it starts")
	}
}

// A function's start takes as long as its binary is large, and signing needs no service: of the SDK only its core.
func TestLinksNoService(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	dependencies := string(output)
	if !strings.Contains(dependencies, "postern/internal/sign\n") {
		t.Fatalf("the list lacks the signer:\n%s", dependencies)
	}
	for dependency := range strings.Lines(dependencies) {
		for _, forbidden := range []string{
			"golang.org/x/", "postern/internal/identity",
			"github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/credentials",
			"github.com/aws/aws-sdk-go-v2/feature/", "github.com/aws/aws-sdk-go-v2/service/",
		} {
			if strings.HasPrefix(dependency, forbidden) {
				t.Errorf("presign links %s", dependency)
			}
		}
	}
}

// TestOneCallerIsBounded holds the function to the throttle of its environment.
func TestOneCallerIsBounded(t *testing.T) {
	var log bytes.Buffer
	setup := setup(&log)
	setup.Env.Throttle.OwnerRate, setup.Env.Throttle.OwnerBurst = 1, 1
	handle := started(t, setup)
	granted, refused := 0, false
	for range 1000 { // far faster than one a second
		response, err := handle(t.Context(), event(t, nil))
		if err != nil || response.StatusCode != http.StatusOK && response.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("got %d %s, %v", response.StatusCode, response.Body, err)
		}
		if response.StatusCode == http.StatusOK {
			granted++
		}
		refused = refused || response.StatusCode == http.StatusTooManyRequests
	}
	if !refused {
		t.Error("a caller is never refused, want 429")
	}
	if got := strings.Count(log.String(), "\n"); got != granted {
		t.Errorf("got %d lines for %d grants, want one each and none of a refusal", got, granted)
	}
}
