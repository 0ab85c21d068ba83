// Package transport is how functions reach AWS's services: over which connections, and with which credentials.
package transport

import (
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"postern/internal/contract"
)

// Credentials provides the credentials of a function's role, which live as long as the process.
func Credentials(runtime contract.RuntimeEnv) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{
			AccessKeyID:     runtime.AccessKeyID,
			SecretAccessKey: runtime.SecretAccessKey,
			SessionToken:    runtime.SessionToken,
		}, nil
	})
}

// A Client is the SDK's own HTTP client, on which a connection is not lost when an answer is there before the last look
// at the request's body.
//
// The SDK closes the body as soon as an answer begins. The body's WriteTo then returns io.EOF (smithy-go 1.28,
// transport/http/internal/io/safe.go), which net/http takes for a write that has failed: it closes the connection, in the
// middle of a longer answer. That is a fault in a few of a hundred calls on loopback, each of which the SDK repeats after
// a pause; over a network it is rare. A body without WriteTo is read to its end, where io.EOF is right.
type Client struct {
	inner *awshttp.BuildableClient
}

// New returns a client. It is safe for concurrent use.
func New() *Client { return &Client{awshttp.NewBuildableClient()} }

// Do implements aws.HTTPClient.
func (c *Client) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = struct{ io.ReadCloser }{request.Body}
	}
	return c.inner.Do(request)
}
