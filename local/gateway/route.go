package gateway

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/internal/cfn"
)

// A route is one method of the API, ready to serve.
type route struct {
	cfn.Method

	authorizer *authorizer
	required   []parameter // request parameters that the validator wants
	function   string      // logical id; empty: mock answers
	timeout    time.Duration
	mock       *mock
}

func newRoutes(methods []cfn.Method) (*node, error) {
	root := &node{}
	var errs []error
	for _, method := range methods {
		route, err := newRoute(method)
		if err == nil {
			err = root.add(route)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s (%s %s): %w", method.LogicalID, method.HTTPMethod, method.Resource, err))
		}
	}
	return root, errors.Join(errs...)
}

func newRoute(method cfn.Method) (*route, error) {
	r := &route{Method: method, timeout: method.Integration.Timeout}
	var errs [3]error
	if method.Authorizer != nil {
		r.authorizer, errs[0] = newAuthorizer(*method.Authorizer)
	}
	if method.ValidateParameters {
		r.required, errs[1] = requiredParameters(method.Parameters)
	}
	switch method.Integration.Type {
	case "AWS_PROXY":
		r.function = method.Integration.Function
	case "MOCK":
		r.mock, errs[2] = newMock(method)
	default:
		errs[2] = fmt.Errorf("integration type %q is neither AWS_PROXY nor MOCK", method.Integration.Type)
	}
	return r, errors.Join(errs[:]...)
}

// find looks up the request's route. API Gateway tells nobody which resources it has: an unknown one, and an unknown
// method of a known one, are both 403 MISSING_AUTHENTICATION_TOKEN.
func (g *gateway) find(x *exchange) *failure {
	path, ok := strings.CutPrefix(x.request.URL.EscapedPath(), "/"+g.stage)
	if !ok || path != "" && path[0] != '/' {
		return &failure{responseType: noStage, message: "Forbidden"}
	}
	x.path = "/" + strings.TrimPrefix(path, "/")
	x.parameters = map[string]string{}
	n := g.routes.match(segments(path), x.parameters)
	if n == nil || n.method(x.request.Method) == nil {
		return &failure{responseType: "MISSING_AUTHENTICATION_TOKEN", message: "Missing Authentication Token"}
	}
	x.route = n.method(x.request.Method)
	return nil
}
