package apigw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

// A Request is what a handler may know of an event: all of it is checked.
type Request struct {
	// Identity is on whose behalf the request acts.
	Identity Identity
	// Path are the path's parameters by name, as the client meant them: without the escapes of a URL. A value can be
	// anything; one whose escapes are malformed is left as it is, with its %.
	Path map[string]string
	// Query are the query's parameters. Each is one that the route knows, given once.
	Query map[string]string
	// IfMatch is the version that the client wants the request to meet, on a route that is Conditional. If nil, any will
	// do: there is no If-Match, or it is *. That one asks for what exists at all, and what does not is not found with and
	// without it (RFC 9110, section 13.2.1).
	IfMatch *int64
	// Body is the decoded body, of the type of the route's Request; nil if the route has none.
	Body any
}

// A Handler answers one route. What it returns becomes the JSON body of a success, unless the route has none. An
// *upload.Error that it returns is shown to the client; any other error, and a panic, is logged and becomes a bare
// internal error. Such an error must hold no personal data.
type Handler func(context.Context, Request) (any, error)

// A Gateway is the guarded path between API Gateway's events and a function's handlers.
type Gateway struct {
	function contract.Function
	handlers map[string]Handler
	log      *slog.Logger
}

// New returns the gateway of a function. Handlers are keyed by method and path as in the route table, such as
// "GET /presignedurl"; it is an error when the function's routes and the handlers are not the same.
func New(function contract.Function, handlers map[string]Handler, log *slog.Logger) (*Gateway, error) {
	var errs []error
	routes := map[string]bool{}
	for _, route := range contract.Routes {
		if route.Function != function {
			continue
		}
		routes[name(route)] = true
		if handlers[name(route)] == nil {
			errs = append(errs, fmt.Errorf("no handler for route %s", name(route)))
		}
	}
	for handler := range handlers {
		if !routes[handler] {
			errs = append(errs, fmt.Errorf("no route for handler %s", handler))
		}
	}
	return &Gateway{function, handlers, log}, errors.Join(errs...)
}

func name(route contract.Route) string { return route.Method + " " + route.Path }

// answer returns the status and the JSON of the answer to an event. It never panics: every fault is an answer.
func (g *Gateway) answer(ctx context.Context, event events.APIGatewayProxyRequest) (status int, body []byte) {
	status, body, err := g.serve(ctx, event)
	if err == nil {
		return status, body
	}
	if refusal, ok := errors.AsType[*upload.Error](err); ok && statuses[refusal.Code] != 0 {
		return fail(statuses[refusal.Code], refusal.Code, refusal.Message, event)
	}
	g.log.ErrorContext(ctx, "request failed", "route", event.HTTPMethod+" "+event.Resource,
		"apiRequestId", event.RequestContext.RequestID, "error", err.Error())
	return fail(http.StatusInternalServerError, api.InternalError, "internal error", event)
}

// serve returns the status of a success and the JSON of the handler's answer.
func (g *Gateway) serve(ctx context.Context, event events.APIGatewayProxyRequest) (status int, body []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = PanicError(value)
		}
	}()
	route, ok := contract.RouteOf(event.Resource, event.HTTPMethod)
	if !ok || route.Function != g.function {
		return 0, nil, &upload.Error{Code: api.NotFound, Message: "no such route"}
	}
	request, err := read(event, route)
	if err != nil {
		return 0, nil, err
	}
	answer, err := g.handlers[name(route)](ctx, request)
	if err != nil {
		return 0, nil, err
	}
	if route.Response != nil {
		body, err = encode(answer)
	}
	return cmp.Or(route.Status, http.StatusOK), body, err
}

func read(event events.APIGatewayProxyRequest, route contract.Route) (Request, error) {
	query, err := readQuery(event, route)
	if err != nil {
		return Request{}, err
	}
	identity, err := IdentityFrom(event.RequestContext.Authorizer)
	if errors.Is(err, ErrNoOwner) {
		// The query has at most one mail by now, so the authorizer could not read that one.
		return Request{}, &upload.Error{Code: api.InvalidRequest, Message: fmt.Sprintf(
			"mail %s is not a mail address: must be name@domain in ASCII, at most 254 bytes (+ is written %%2B)", upload.Quote(query["mail"]))}
	}
	if err != nil {
		return Request{}, fmt.Errorf("reading the identity: %w", err)
	}
	ifMatch, err := readIfMatch(event, route)
	if err != nil {
		return Request{}, err
	}
	body, err := readBody(event, route)
	if err != nil {
		return Request{}, err
	}
	return Request{Identity: identity, Path: readPath(event), Query: query, IfMatch: ifMatch, Body: body}, nil
}
