package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"postern/internal/identity"
)

// maxAnswer is the largest answer of API Gateway, in bytes.
const maxAnswer = 10 << 20

// timeouts bound a request: header until its answer begins, whole until it has ended.
type timeouts struct{ header, whole time.Duration }

// API Gateway answers within 29 s. A download may take as long as it goes on.
var (
	callTimeout     = timeouts{header: 40 * time.Second, whole: time.Minute}
	downloadTimeout = timeouts{header: 40 * time.Second}
)

// An api is the API of a stage, as a user calls it.
type api struct {
	base     address
	user     identity.Mail
	password string
	mail     identity.Mail // acted for; empty: the user itself
	client   *http.Client
}

// A call is one request to the API.
type call struct {
	method  string
	path    string // below the base, without a slash at its beginning
	query   url.Values
	body    any    // sent as JSON; nil: none
	ifMatch string // empty: none
}

// A refusal is an error that the API answered.
type refusal struct {
	status  int // of HTTP
	message string
}

func (r *refusal) Error() string { return r.message }

// do makes a call and decodes its answer, unless answer is nil. It returns a *refusal for an error of the API.
func (a api) do(ctx context.Context, c call, answer any) error {
	request, err := a.request(ctx, c)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return fmt.Errorf("calling %s: %w", a.base.Host, withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", a.base.Host, withoutURL(err))
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return a.refused(response, body)
	}
	if answer == nil {
		return nil
	}
	if len(body) > maxAnswer || json.Unmarshal(body, answer) != nil {
		return a.strange(response)
	}
	return nil
}

func (a api) request(ctx context.Context, c call) (*http.Request, error) {
	address := a.base.JoinPath(c.path)
	query := url.Values{}
	for name, values := range c.query {
		query[name] = values
	}
	if a.mail != "" {
		query.Set("mail", string(a.mail))
	}
	address.RawQuery = query.Encode()
	var body io.Reader
	if c.body != nil {
		text, err := json.Marshal(c.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, c.method, address.String(), body)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", a.base.Host, withoutURL(err))
	}
	request.SetBasicAuth(string(a.user), a.password)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "postern")
	if c.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.ifMatch != "" {
		request.Header.Set("If-Match", c.ifMatch)
	}
	return request, nil
}

// refused is the error that an answer holds.
func (a api) refused(response *http.Response, body []byte) error {
	var failure struct{ Message string }
	if err := json.Unmarshal(body, &failure); err != nil || failure.Message == "" {
		return a.strange(response)
	}
	return &refusal{response.StatusCode, printable(failure.Message)}
}

// strange is the error about an answer that is not the API's.
func (a api) strange(response *http.Response) error {
	return fmt.Errorf("%s answers %s, and not as this API does: is it the API's address?", a.base.Host, statusOf(response))
}

// statusOf is a status as HTTP has it: the text that a server sends with it is the server's.
func statusOf(response *http.Response) string {
	return fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
}

// withoutURL takes the address out of an error of net/http, whose query may hold a signature.
func withoutURL(err error) error {
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return failure.Err
	}
	return err
}
