package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A witness sends what the client sends, as a page of an origin would, and keeps what servers answer.
type witness struct {
	next   http.RoundTripper
	origin string // empty: no page

	mutex   sync.Mutex
	answers map[string]*seenAnswer // the last of each host
}

// A seenAnswer is what a witness keeps.
type seenAnswer struct {
	status int
	header http.Header
	at     time.Time // in the middle between the request and the answer
}

// RoundTrip implements http.RoundTripper.
func (w *witness) RoundTrip(request *http.Request) (*http.Response, error) {
	w.mutex.Lock()
	origin := w.origin
	w.mutex.Unlock()
	if origin != "" && request.Header.Get("Origin") == "" {
		request = request.Clone(request.Context())
		request.Header.Set("Origin", origin)
	}
	asked := time.Now()
	response, err := w.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.answers == nil {
		w.answers = map[string]*seenAnswer{}
	}
	w.answers[request.URL.Host] = &seenAnswer{response.StatusCode, response.Header, asked.Add(time.Since(asked) / 2)}
	return response, nil
}

// as sends what follows as a page of an origin does.
func (w *witness) as(origin string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.origin = origin
}

// last returns a host's last answer. It is nil if there is none.
func (w *witness) last(host string) *seenAnswer {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.answers[host]
}

func (w *witness) heard(host string) bool { return w.last(host) != nil }

func (w *witness) forget(host string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	delete(w.answers, host)
}

// skew returns how far this machine's clock is ahead of a host's, by its last answer.
func (w *witness) skew(host string) (time.Duration, bool) {
	last := w.last(host)
	if last == nil {
		return 0, false
	}
	date, err := http.ParseTime(last.header.Get("Date"))
	return last.at.Sub(date), err == nil
}

// A pageRequest is a request of a page, before which a browser asks whether it may be sent.
// Source: Fetch Standard, "CORS-preflight fetch".
type pageRequest struct {
	method  string
	headers []string // in lower case
}

const (
	mendAPI    = "does something between answer in its place? Else operators deploy the stage anew"
	mendBucket = "add it to allowedOrigins of the stage in cdk.json, and deploy"
	mendRule   = "operators deploy the stage anew, and change the bucket's CORS rule by nothing else"
)

// pageCalls asks what a browser asks before a page calls the API, and reads an answer and a refusal as the page could.
func (d *doctor) pageCalls(ctx context.Context, origin string) error {
	for _, route := range []struct {
		path string
		pageRequest
	}{
		{"uploads", pageRequest{http.MethodPost, []string{"authorization", "content-type"}}},
		{"usage", pageRequest{http.MethodGet, []string{"authorization"}}},
		{"uploads/" + anyID, pageRequest{http.MethodPatch, []string{"authorization", "content-type", "if-match"}}},
		{"uploads/" + anyID + "/parts", pageRequest{http.MethodPost, []string{"authorization", "content-type"}}},
		{"uploads/" + anyID + "/download", pageRequest{http.MethodGet, []string{"authorization"}}},
	} {
		if err := d.preflight(ctx, d.api.Address()+route.path, origin, route.pageRequest); err != nil {
			return fmt.Errorf("%w, at /%s: %s", err, strings.Replace(route.path, anyID, "{id}", 1), mendAPI)
		}
	}
	d.seen.as(origin)
	_, _ = d.api.Usage(ctx) // whether or not it succeeds, a page must be able to read it
	if last := d.seen.last(d.api.Host()); last != nil && !allows(last.header, origin) {
		return fmt.Errorf("a page may not read the API's answer %d: %s", last.status, mendAPI)
	}
	// Without credentials, API Gateway answers by itself.
	answer, err := d.ask(ctx, http.MethodGet, d.api.Address()+"usage", nil)
	if err != nil {
		return explainNetwork(d.api.Host(), err)
	}
	if !allows(answer.Header, origin) {
		return fmt.Errorf("a page may not read the API's refusal %d, and takes it for a fault of the network: %s", answer.StatusCode, mendAPI)
	}
	return nil
}

// anyID has the form of an upload's id.
const anyID = "00000000000000000000000000000000.txt"

// pageSends asks what a browser asks before a page sends a file, and reads what it needs of the bucket's answers.
func (d *doctor) pageSends(ctx context.Context, origin string) error {
	d.seen.as(origin)
	for _, request := range []pageRequest{
		{http.MethodPut, lowerNames(d.put.Headers)},
		{http.MethodPost, lowerNames(d.plan.Create.Headers)},
		{http.MethodPost, []string{"if-none-match", "x-amz-mp-object-size"}},
		{http.MethodGet, []string{"range"}},
	} {
		if err := d.preflight(ctx, d.put.URL, origin, request); err != nil {
			return fmt.Errorf("%w: %s", err, mendRule)
		}
	}
	// S3 tells what a rule exposes in its answer to the preflight, too.
	// Source: Amazon S3 API Reference, "OPTIONS object", response headers.
	answer, err := d.ask(ctx, http.MethodOptions, d.put.URL, http.Header{"Access-Control-Request-Method": {http.MethodPut}})
	if err != nil {
		return explainS3(d.put.URL, err)
	}
	exposed := list(answer.Header, "Access-Control-Expose-Headers")
	for _, name := range []string{"etag", "x-amz-checksum-crc64nvme", "location", "content-disposition", "content-range"} {
		if !exposed[name] && !exposed["*"] {
			return fmt.Errorf("the bucket does not expose %s to it, which uploads in parts and downloads read: %s", name, mendRule)
		}
	}
	return nil
}

// lowerNames returns the names of headers as a preflight has them: in lower case, sorted.
func lowerNames(headers map[string]string) []string {
	var names []string
	for name := range headers {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	return names
}

// preflight asks as a browser does, and returns an error if it would not let the page's request through.
func (d *doctor) preflight(ctx context.Context, address, origin string, request pageRequest) error {
	header := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {request.method}}
	if len(request.headers) > 0 {
		header.Set("Access-Control-Request-Headers", strings.Join(request.headers, ","))
	}
	answer, err := d.ask(ctx, http.MethodOptions, address, header)
	if err != nil {
		return err
	}
	who := "the API"
	if address == d.put.URL {
		who = "the bucket"
	}
	if !allows(answer.Header, origin) || answer.StatusCode > 299 {
		return fmt.Errorf("%s answers a preflight of %s with %d and without this origin%s", who, request.method, answer.StatusCode, d.why(ctx, address, origin, request))
	}
	// GET, HEAD and POST need no permission.
	methods := list(answer.Header, "Access-Control-Allow-Methods")
	if !methods[strings.ToLower(request.method)] && !methods["*"] && request.method != http.MethodPost && request.method != http.MethodGet {
		return fmt.Errorf("%s does not allow %s", who, request.method)
	}
	headers := list(answer.Header, "Access-Control-Allow-Headers")
	for _, name := range request.headers {
		// The asterisk does not cover Authorization.
		if !headers[name] && (!headers["*"] || name == "authorization") {
			return fmt.Errorf("%s does not allow the header %s of a %s", who, name, request.method)
		}
	}
	return nil
}

// why tells apart what S3 refuses alike: the origin, the method or a header. It asks for less, until that is allowed.
func (d *doctor) why(ctx context.Context, address, origin string, request pageRequest) string {
	if address != d.put.URL {
		return ""
	}
	allowed := func(method string, headers ...string) bool {
		header := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}}
		if len(headers) > 0 {
			header.Set("Access-Control-Request-Headers", strings.Join(headers, ","))
		}
		answer, err := d.ask(ctx, http.MethodOptions, address, header)
		return err == nil && allows(answer.Header, origin) && answer.StatusCode <= 299
	}
	if allowed(request.method) {
		for _, name := range request.headers {
			if !allowed(request.method, name) {
				return ", because of the header " + name
			}
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut} {
		if allowed(method) {
			return ", because of the method"
		}
	}
	return ": " + mendBucket
}

// allows reports whether an answer lets a page of an origin read it.
func allows(header http.Header, origin string) bool {
	allowed := header.Get("Access-Control-Allow-Origin")
	return allowed == "*" || allowed == origin
}

// list returns the members of a header that is a list, in lower case.
func list(header http.Header, name string) map[string]bool {
	members := map[string]bool{}
	for _, value := range header.Values(name) {
		for member := range strings.SplitSeq(value, ",") {
			members[strings.ToLower(strings.TrimSpace(member))] = true
		}
	}
	return members
}
