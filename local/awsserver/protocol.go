package awsserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// An Object is the JSON object of a request.
type Object map[string]any

// ReadObject decodes exactly one JSON object. Numbers are json.Number.
func ReadObject(body []byte) (Object, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var o Object
	if err := decoder.Decode(&o); err != nil || o == nil {
		return nil, errors.New("want a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("want nothing after the JSON object")
	}
	return o, nil
}

// Member returns a member of an object, or the zero value if there is none. It fails for a name that differs in case
// only, because the services take such a name for the same.
func Member[T any](o Object, name string) (T, error) {
	for other := range o {
		if other != name && strings.EqualFold(other, name) {
			return *new(T), fmt.Errorf("unknown member %q", other)
		}
	}
	value, ok := o[name].(T)
	if _, there := o[name]; there && !ok {
		return value, fmt.Errorf("member %s has another type", name)
	}
	return value, nil
}

// ARNs makes the ARNs of an account's resources in a region.
type ARNs struct{ Region, Account string }

// ARN returns the ARN of a service's resource.
func (a ARNs) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + a.Region + ":" + a.Account + ":" + resource
}

// Target returns the service and the operation that a request names in its header X-Amz-Target.
func Target(r *http.Request) (service, operation string) {
	service, operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return service, operation
}

// An Error is the answer to a request that is refused.
type Error struct {
	Code, Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error.
func Errorf(code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

// Fail answers a request with an error of AWS's JSON protocol:
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
func Fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}

// Handler makes a service's handler of a function that answers its operations. An answer of nil is an empty body. The
// function may return an *Error; errorPrefix comes before its code.
func Handler[Input any](errorPrefix string, answer func(ctx context.Context, operation string, input Input) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var input Input
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
			Fail(w, http.StatusBadRequest, errorPrefix+"SerializationException", "")
			return
		}
		_, operation := Target(r)
		output, err := answer(r.Context(), operation, input)
		if refusal, ok := errors.AsType[*Error](err); ok {
			Fail(w, http.StatusBadRequest, errorPrefix+refusal.Code, refusal.Message)
			return
		}
		if err != nil {
			Fail(w, http.StatusInternalServerError, errorPrefix+"InternalFailure", "")
			return
		}
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		if output != nil {
			_ = json.NewEncoder(w).Encode(output)
		}
	})
}

// A Response is an answer that is kept until it is sent.
type Response struct {
	Status int
	Body   bytes.Buffer

	header http.Header
}

// NewResponse returns an empty answer with status 200.
func NewResponse() *Response { return &Response{Status: http.StatusOK, header: make(http.Header)} }

// Header implements http.ResponseWriter.
func (r *Response) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *Response) WriteHeader(status int) { r.Status = status }

// Write implements http.ResponseWriter.
func (r *Response) Write(p []byte) (int, error) { return r.Body.Write(p) }

// Send sends the answer, with the checksum that DynamoDB's clients look for.
func (r *Response) Send(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(r.Body.Bytes())), 10))
	w.Header().Set("Content-Length", strconv.Itoa(r.Body.Len()))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body.Bytes())
}
