// Package gateway answers HTTP requests as API Gateway does for the REST API of a template: routes, request
// authorizer, request validation, function and mock integrations, gateway responses, access log.
//
// New fails for what the gateway could not do as API Gateway does. Throttles, API keys, caches, models and binary media
// types are not served.
//
// Source, unless a comment names another: API Gateway Developer Guide, part "API Gateway REST APIs".
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"postern/internal/cfn"
)

// An Invoker invokes functions.
type Invoker interface {
	// Invoke hands an event (JSON, at most 6 MiB) to the function with a logical id and returns its answer (JSON).
	//
	// An error that is a FunctionError (errors.As) is the function's own: one it returned, a panic, an exit, its timeout,
	// an answer over Lambda's limit. Any other error is the platform's: the function did not run.
	//
	// Invoke returns when ctx is done, at the latest. The invocation may continue, as on AWS. Many goroutines call Invoke
	// at once.
	Invoke(ctx context.Context, function string, event []byte) ([]byte, error)
}

// A FunctionError is an error that a function reported, or that ended it. Any error with these methods is one, so that an
// Invoker's package need not import this one.
type FunctionError interface {
	error
	// ErrorType is the function's errorType: "errorString", "Runtime.ExitError", "Sandbox.Timedout".
	ErrorType() string
	// ErrorMessage is the function's errorMessage, unchanged. An authorizer's exact "Unauthorized" is a 401.
	ErrorMessage() string
}

// Options of a gateway.
type Options struct {
	// AccessLog receives one line a request, in the template's format, each in one call of Write.
	// Default: no access log.
	AccessLog io.Writer
	// ErrorLog receives why a request failed, unless the caller caused it. It never holds the request's contents.
	// Default: nothing is logged.
	ErrorLog *slog.Logger
	// Now tells the time of a request. Default: time.Now.
	Now func() time.Time
	// NewID makes a request's id. Default: a random UUID.
	NewID func() string
}

// gateway is the handler that New makes.
type gateway struct {
	stage     string
	apiID     string
	arn       string // of the API, without stage
	account   string
	routes    *node
	responses map[string]gatewayResponse
	accessLog format
	compress  *int // answers of so many bytes and more; nil: none
	invoker   Invoker
	options   Options
	logging   sync.Mutex // one line at a time
}

// New makes a handler that serves an API below /<stage>. Its error joins everything in the API that cannot be served, each
// with the logical id and the value.
func New(api cfn.API, invoker Invoker, options Options) (http.Handler, error) {
	g := &gateway{stage: api.Stage, apiID: api.ID, arn: api.ARN, compress: api.MinCompression, invoker: invoker, options: options}
	if options.ErrorLog == nil {
		g.options.ErrorLog = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		g.options.Now = time.Now
	}
	if options.NewID == nil {
		g.options.NewID = uuid.NewString
	}
	var errs [4]error
	g.account, errs[0] = accountOf(api.ARN)
	g.routes, errs[1] = newRoutes(api.Methods)
	g.responses, errs[2] = newGatewayResponses(api.Responses)
	g.accessLog, errs[3] = newAccessLog(api.AccessLog)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("the API %s cannot be served on this machine:\n%w", api.LogicalID, err)
	}
	return g, nil
}

func accountOf(arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "execute-api" {
		return "", fmt.Errorf("%q is not an ARN of an API", arn)
	}
	return parts[4], nil
}

// ServeHTTP answers one request and logs it.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.begin(r)
	answer, failure := g.handle(x)
	if failure != nil {
		x.failure = failure
		answer = g.refuse(x, failure)
	}
	answer.header.Set("X-Amzn-Requestid", x.id)
	answer.header.Set("X-Amz-Apigw-Id", x.extendedID)
	g.compressed(answer, r).write(w)
	x.answer, x.took = answer, g.options.Now().Sub(x.start)
	g.log(x)
}

// handle takes API Gateway's steps in API Gateway's order: a caller must be authorized to learn which parameters are
// missing.
func (g *gateway) handle(x *exchange) (answer, *failure) {
	if f := g.find(x); f != nil {
		return answer{}, f
	}
	if f := x.readBody(); f != nil {
		return answer{}, f
	}
	if f := g.authorize(x); f != nil {
		return answer{}, f
	}
	if f := x.validate(); f != nil {
		return answer{}, f
	}
	if x.route.mock != nil {
		return x.route.mock.answer(x.request)
	}
	return g.invoke(x)
}
