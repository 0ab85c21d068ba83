// Package client calls Postern's HTTP API and sends files to the bucket with what the API signed.
//
// A Client asks for a grant, sends a file of any size with it and learns what became of the upload:
//
//	c, err := client.New("https://id.execute-api.eu-west-1.amazonaws.com/api/", client.Basic(user, password))
//	file, err := os.Open("intro.mp4")
//	id, err := c.Upload(ctx, file, client.UploadOptions{Request: api.UploadRequest{Filename: "intro.mp4"}})
//	upload, err := c.Await(ctx, id)
//
// A request that is safe to repeat is repeated after a fault of the network or of the service, with growing pauses.
// An answer of the API that is an error is an *Error, one of S3 an *S3Error. No error holds a credential, a signature or
// a URL's query.
package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	// maxAnswer is the largest answer of API Gateway, in bytes.
	maxAnswer = 10 << 20
	// callTimeout bounds one request to the API, which API Gateway ends after 29 s.
	callTimeout = time.Minute
	// writeBuffer is how many bytes of a file are handed to the network at once.
	writeBuffer = 64 << 10
	// maxIdle is how many idle connections are kept for each host.
	maxIdle = 64
)

// userAgent is what the client calls itself. Who repeats what fails says so: the local run breaks such requests on purpose.
const userAgent = "postern"

// An Authorization returns the value of a request's header Authorization. It is called for every request, by several
// goroutines at once, so that it can renew a token that is about to expire.
type Authorization func(ctx context.Context) (string, error)

// Basic returns an Authorization by a user's name and password (RFC 7617).
func Basic(user, password string) Authorization {
	value := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	return func(context.Context) (string, error) { return value, nil }
}

// A Client calls the API of one stage as one caller. Several goroutines may use it at once, as long as its fields stay as
// they are.
type Client struct {
	// Mail is the user to act for, which needs the role service. If empty, the client acts for the caller itself.
	Mail string
	// Subject is the user to act for, in the place of Mail: as the stage's identity provider names it. At most one of both is set.
	Subject string
	// HTTP sends the requests. It must follow no redirect, which would take credentials along. New sets one that
	// doesn't, and that doesn't unpack answers either, because sizes and checksums are those of the packed bytes.
	HTTP *http.Client
	// Attempts is how often a request is made that fails, but is safe to repeat. New sets 4; 1 never repeats one.
	Attempts int

	base      *url.URL
	authorize Authorization
}

// New returns a client of the API at an address, as ParseAddress reads it. If authorize is nil, requests have no header
// Authorization.
func New(address string, authorize Authorization) (*Client, error) {
	base, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.WriteBufferSize = writeBuffer
	transport.MaxIdleConnsPerHost = maxIdle
	return &Client{
		HTTP: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Attempts: 4, base: base, authorize: authorize,
	}, nil
}

// Host returns the host of the API's address, with its port if it has one.
func (c *Client) Host() string { return c.base.Host }

// Address returns the API's address, with a slash at its end.
func (c *Client) Address() string { return c.base.String() }

// errAddress doesn't repeat the address, which may hold a password.
var errAddress = errors.New(`not the address of an API: must be https:// (http:// only on this machine) with a host and a path, ` +
	`without user, query and fragment, such as "https://id.execute-api.eu-west-1.amazonaws.com/api/"`)

// ParseAddress returns the address of an API, with a slash at its end whether or not text has one. It must be HTTPS, or
// HTTP to this machine, and have a host, but no user, query or fragment.
func ParseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || !isPrivate(u) || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errAddress
	}
	return u.JoinPath("/"), nil
}

// isPrivate reports whether nobody on the way can read what is sent to an address: it is TLS, or on this machine.
func isPrivate(u *url.URL) bool {
	if u.Hostname() == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// A call is one request to the API.
type call struct {
	method  string
	path    string // below the base, without a slash at its beginning
	query   url.Values
	body    any    // sent as JSON; nil: none
	ifMatch string // empty: none
	// once says that an attempt whose outcome is unknown must not be repeated.
	once bool
}

// do makes a call and decodes its answer into answer, unless that is nil. It returns an *Error for an error of the API.
// It reports whether an attempt before the last may have taken effect.
func (c *Client) do(ctx context.Context, call call, answer any) (mayBeDone bool, err error) {
	var body []byte
	if call.body != nil {
		if body, err = json.Marshal(call.body); err != nil {
			return false, err
		}
	}
	err = c.retry(ctx, func() error {
		err := c.attempt(ctx, call, body, answer)
		if temporary, ok := errors.AsType[*temporaryError](err); ok && temporary.unknown {
			if call.once {
				return temporary.err
			}
			mayBeDone = true
		}
		return err
	})
	return mayBeDone, err
}

// attempt makes a call once. The error of one that may be repeated is a *temporaryError.
func (c *Client) attempt(ctx context.Context, call call, body []byte, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := c.request(ctx, call, body)
	if err != nil {
		return err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return &temporaryError{err: fmt.Errorf("calling %s: %w", c.base.Host, explainClock(withoutURL(err))), unknown: true}
	}
	defer func() { _ = response.Body.Close() }()
	content, err := readAnswer(response)
	if err != nil {
		return &temporaryError{err: fmt.Errorf("reading the answer of %s: %w", c.base.Host, withoutURL(err)), unknown: true}
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return ifTemporary(response, c.refusal(response, content))
	}
	if answer == nil {
		return nil
	}
	if len(content) > maxAnswer || json.Unmarshal(content, answer) != nil {
		return c.unexpected(response)
	}
	return nil
}

// readAnswer reads an answer of the API, which may come compressed: 500 signed parts are 1.1 MB, and 28 KB compressed. It
// reads one byte more than the largest answer, so that a longer one is noticed.
func readAnswer(response *http.Response) ([]byte, error) {
	var in io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = unpacked
	}
	return io.ReadAll(io.LimitReader(in, maxAnswer+1))
}

func (c *Client) request(ctx context.Context, call call, body []byte) (*http.Request, error) {
	address := c.base.JoinPath(call.path)
	query := url.Values{}
	if c.Mail != "" {
		query.Set("mail", c.Mail)
	}
	if c.Subject != "" && !call.query.Has("mail") {
		query.Set("subject", c.Subject)
	}
	for name, values := range call.query {
		query[name] = values
	}
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, call.method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", c.base.Host, withoutURL(err))
	}
	if c.authorize != nil {
		value, err := c.authorize(ctx)
		if err != nil {
			return nil, fmt.Errorf("authorizing the request: %w", err)
		}
		request.Header.Set("Authorization", value)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "gzip")
	request.Header.Set("User-Agent", userAgent)
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if call.ifMatch != "" {
		request.Header.Set("If-Match", call.ifMatch)
	}
	return request, nil
}
