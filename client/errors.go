package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern/api"
)

// An Error is an error that the API answered.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Code is the kind of the error. It is empty for an error that API Gateway answered in its own form.
	Code api.Code
	// Message says to people what is wrong and what is allowed. It may hold any character.
	Message string
	// RequestID is what the request is called in the logs.
	RequestID string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// An S3Error is an error that S3 answered to a request that the API had signed.
type S3Error struct {
	// Status is the HTTP status.
	Status int
	// Code is S3's error code, such as "EntityTooLarge". It is empty if the answer had none.
	// Source: Amazon S3 API Reference, "Error responses".
	Code string
	// Message is S3's description of the error, in one line.
	Message string
}

// s3Refusal returns the error of an answer of S3 to a request that the API had signed. Of a signature that has expired, or is
// of the future, it tells what the clocks say: one that was renewed was made, or is judged, by a wrong one.
func s3Refusal(response *http.Response) error {
	failure := readS3Error(response.StatusCode, response.Body)
	if isExpired(failure) || failure.Code == "RequestTimeTooSkewed" || strings.Contains(failure.Message, "not valid yet") {
		return fmt.Errorf("%w (S3's clock says %s, this machine's %s)", failure, response.Header.Get("Date"), time.Now().UTC().Format(http.TimeFormat))
	}
	return failure
}

// isExpired reports whether S3 has refused a request because its signature, or the token that signed it, is too old.
func isExpired(err error) bool {
	failure, ok := errors.AsType[*S3Error](err)
	return ok && (failure.Code == "ExpiredToken" || failure.Code == "AccessDenied" && strings.Contains(failure.Message, "expired"))
}

// hasCode reports whether S3 has answered one of these error codes.
func hasCode(err error, codes ...string) bool {
	failure, ok := errors.AsType[*S3Error](err)
	return ok && slices.Contains(codes, failure.Code)
}

// Error returns status, code and message.
func (e *S3Error) Error() string {
	text := "S3 answers " + statusText(e.Status)
	for _, detail := range []string{e.Code, e.Message} {
		if detail != "" {
			text += ": " + detail
		}
	}
	return text
}

// maxS3Error bounds what is read of an error document, in bytes.
const maxS3Error = 64 << 10

// refusal returns the error that an answer of the API holds.
func (c *Client) refusal(response *http.Response, body []byte) error {
	var failure api.ErrorBody
	if err := json.Unmarshal(body, &failure); err != nil || failure.Message == "" {
		return c.unexpected(response)
	}
	return &Error{response.StatusCode, failure.Code, failure.Message, failure.RequestID}
}

// unexpected returns the error for an answer that is not the API's.
func (c *Client) unexpected(response *http.Response) error {
	return fmt.Errorf("%s answers %s, and not as this API does: is it the API's address?", c.base.Host, statusText(response.StatusCode))
}

// statusText is a status as HTTP has it. The text that a server sends with it may hold anything.
func statusText(status int) string {
	return fmt.Sprintf("%d %s", status, http.StatusText(status))
}

// withoutURL takes the address out of an error of net/http, whose query may hold a signature.
func withoutURL(err error) error {
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return failure.Err
	}
	return err
}
