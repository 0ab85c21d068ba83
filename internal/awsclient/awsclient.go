// Package awsclient configures the SDK's clients: one way for every function and every service.
package awsclient

import (
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"postern/internal/function"
)

// Config returns what NewFromConfig of a service's package takes. Its credentials are those of the function's role,
// which live as long as the process.
func Config(runtime function.Runtime, service function.Service) aws.Config {
	config := aws.Config{
		Region: runtime.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     runtime.AccessKeyID,
				SecretAccessKey: runtime.SecretAccessKey,
				SessionToken:    runtime.SessionToken,
			}, nil
		}),
		HTTPClient: KeepAnswers(nil),
	}
	if endpoint := runtime.Endpoints[service]; endpoint != "" {
		config.BaseEndpoint = &endpoint
	}
	return config
}

// KeepAnswers returns an HTTP client of the SDK that keeps a connection whose answer arrives before the last look at the
// request's body.
//
// The SDK closes the body as soon as an answer begins. The body's WriteTo then returns io.EOF (smithy-go 1.28,
// transport/http/internal/io/safe.go), which net/http takes for a failed write: it closes the connection in the middle
// of a longer answer. On loopback this is a fault in a few of a hundred calls, each of which the SDK repeats after a
// pause; over a network it is rare. A body without WriteTo is read to its end, where io.EOF is right.
//
// Without a client, as aws.Config.HTTPClient may be, it is the SDK's own.
func KeepAnswers(inner aws.HTTPClient) aws.HTTPClient {
	if inner == nil {
		inner = awshttp.NewBuildableClient()
	}
	return &httpClient{inner}
}

type httpClient struct {
	inner aws.HTTPClient
}

// Do implements aws.HTTPClient.
func (c *httpClient) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = struct{ io.ReadCloser }{request.Body}
	}
	return c.inner.Do(request)
}
