package gateway

import (
	"errors"
	"fmt"
	"regexp"
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
	root := newNode()
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

// find looks up the request's route. API Gateway tells nobody which resources exist: an unknown resource and an unknown
// method of a known one are both 403 MISSING_AUTHENTICATION_TOKEN.
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

// A node is one resource of the API, with the resources below it.
type node struct {
	static    map[string]*node
	parameter *node  // for any other segment
	name      string // of the parameter that parameter stands for
	methods   map[string]*route
}

func newNode() *node { return &node{static: map[string]*node{}, methods: map[string]*route{}} }

var pathParameter = regexp.MustCompile(`^\{([A-Za-z0-9._-]+)\}$`)

func (n *node) add(r *route) error {
	for _, segment := range segments(r.Resource) {
		match := pathParameter.FindStringSubmatch(segment)
		switch {
		case match != nil:
			if n.parameter != nil && n.name != match[1] {
				return fmt.Errorf("the path parameters %q and %q stand in the same place", n.name, match[1])
			}
			if n.parameter == nil {
				n.parameter, n.name = newNode(), match[1]
			}
			n = n.parameter
		case strings.ContainsAny(segment, "{}"):
			return fmt.Errorf("path part %q is neither text nor a {parameter}", segment)
		default:
			if n.static[segment] == nil {
				n.static[segment] = newNode()
			}
			n = n.static[segment]
		}
	}
	if other := n.methods[r.HTTPMethod]; other != nil {
		return fmt.Errorf("%s has the same path and HTTP method", other.LogicalID)
	}
	n.methods[r.HTTPMethod] = r
	return nil
}

// match finds the resource of a path. It prefers a static segment to a parameter. Parameters stay percent-encoded.
func (n *node) match(path []string, parameters map[string]string) *node {
	if len(path) == 0 {
		if len(n.methods) == 0 {
			return nil
		}
		return n
	}
	if next := n.static[path[0]]; next != nil {
		if resource := next.match(path[1:], parameters); resource != nil {
			return resource
		}
	}
	if n.parameter == nil || path[0] == "" {
		return nil
	}
	resource := n.parameter.match(path[1:], parameters)
	if resource != nil {
		parameters[n.name] = path[0]
	}
	return resource
}

func (n *node) method(name string) *route {
	if r := n.methods[name]; r != nil {
		return r
	}
	return n.methods["ANY"]
}

// segments splits a path. It ignores a slash at the end.
func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
