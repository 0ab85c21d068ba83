package gateway

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of API Gateway and Lambda, in bytes.
// Source: "Quotas for configuring and running a REST API"; Lambda Developer Guide, "Lambda quotas".
const (
	maxBody    = 10 << 20 // of a request, and of an answer
	maxPayload = 6 << 20  // of an event; the Invoker bounds answers
)

// An exchange is one request and its answer.
type exchange struct {
	gateway    *gateway
	request    *http.Request
	id         string
	extendedID string
	start      time.Time
	sourceIP   string
	query      query
	headers    map[string][]string // as functions see them

	route      *route
	path       string            // as sent (percent-encoded), without the stage
	parameters map[string]string // of the path, as sent
	body       string

	principal   principal
	authorizer  call
	integration call

	failure *failure // nil: the integration answered
	answer  answer
	took    time.Duration
}

func (g *gateway) begin(r *http.Request) *exchange {
	id := g.options.NewID()
	x := &exchange{
		gateway:    g,
		request:    r,
		id:         id,
		extendedID: base64.URLEncoding.EncodeToString([]byte(id[:min(len(id), 11)])),
		start:      g.options.Now(),
		sourceIP:   r.RemoteAddr,
		query:      parseQuery(r.URL.RawQuery),
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		x.sourceIP = host
	}
	x.headers = x.functionHeaders()
	return x
}

// traceID returns the request's X-Ray trace, which a caller may name.
func (x *exchange) traceID() string {
	if given := x.request.Header.Get("X-Amzn-Trace-Id"); given != "" {
		return given
	}
	random := strings.ReplaceAll(x.id, "-", "") + strings.Repeat("0", 24)
	return fmt.Sprintf("Root=1-%08x-%s", x.start.Unix(), random[:24])
}

// readBody reads the body as text. Bytes that are not UTF-8 are lost, because the API has no binary media types.
func (x *exchange) readBody() *failure {
	tooLarge := &failure{
		responseType: "REQUEST_TOO_LARGE",
		message:      fmt.Sprintf("HTTP content length exceeded %d bytes.", maxBody),
	}
	if x.request.ContentLength > maxBody {
		return tooLarge
	}
	b, err := io.ReadAll(http.MaxBytesReader(nil, x.request.Body, maxBody))
	if limit := (*http.MaxBytesError)(nil); errors.As(err, &limit) {
		return tooLarge
	}
	if err != nil {
		return &failure{responseType: "DEFAULT_4XX", message: "Bad Request"}
	}
	x.body = strings.ToValidUTF8(string(b), "\uFFFD")
	return nil
}

// An answer is a response that is ready to be sent.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	if !bodiless {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if !bodiless {
		_, _ = io.WriteString(w, a.body)
	}
}
