package awsclient_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
)

// A body is done for when it is closed, as the SDK's is.
type body struct {
	*bytes.Reader
	closed atomic.Bool
}

func (b *body) WriteTo(w io.Writer) (int64, error) {
	if b.closed.Load() {
		return 0, io.EOF
	}
	return b.Reader.WriteTo(w)
}

func (b *body) Close() error {
	b.closed.Store(true)
	return nil
}

func TestClosedBodyIsNoFault(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if string(got) != "body" || err != nil {
			t.Errorf("body %q, %v", got, err)
		}
		_, _ = w.Write(make([]byte, 64<<10))
	}))
	defer server.Close()
	for _, close := range []bool{false, true} {
		sent := &body{Reader: bytes.NewReader([]byte("body"))}
		if close {
			// The last look: all is sent, and the body is closed.
			sent.Reader = bytes.NewReader(nil)
			_ = sent.Close()
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, sent)
		if err != nil {
			t.Fatal(err)
		}
		if close {
			request.Body = struct {
				io.Reader
				io.WriterTo
				io.Closer
			}{bytes.NewReader([]byte("body")), sent, sent}
		}
		request.ContentLength = 4
		response, err := awsclient.Config(function.Runtime{}, function.S3).HTTPClient.Do(request)
		if err != nil {
			t.Fatalf("closed %t: %v", close, err)
		}
		answer, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if len(answer) != 64<<10 || err != nil {
			t.Errorf("closed %t: an answer of %d bytes, %v", close, len(answer), err)
		}
	}
}

func TestConfig(t *testing.T) {
	runtime := function.Runtime{
		RuntimeEnv: contract.RuntimeEnv{Region: "eu-west-1", AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"},
		Endpoints:  map[function.Service]string{function.S3: "http://127.0.0.1:9000", function.SQS: ""},
	}
	for service, want := range map[function.Service]*string{
		function.S3: new("http://127.0.0.1:9000"), function.SQS: nil, function.DynamoDB: nil,
	} {
		config := awsclient.Config(runtime, service)
		if diff := cmp.Diff(config.BaseEndpoint, want); diff != "" || config.Region != "eu-west-1" {
			t.Errorf("%s: region %q, endpoint (-got +want)\n%s", service, config.Region, diff)
		}
		got, err := config.Credentials.Retrieve(t.Context())
		if want := (aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"}); err != nil || got != want {
			t.Errorf("%s: credentials %+v, %v", service, got, err)
		}
	}
}
