package gateway

import (
	"fmt"
	"regexp"
	"strings"
)

// A node is one resource of the API: what follows a path up to it.
type node struct {
	static    map[string]*node
	parameter *node  // for any other segment
	name      string // of the parameter that parameter stands for
	methods   map[string]*route
}

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
				n.parameter, n.name = &node{}, match[1]
			}
			n = n.parameter
		case strings.ContainsAny(segment, "{}"):
			return fmt.Errorf("path part %q is neither text nor a {parameter}", segment)
		default:
			if n.static == nil {
				n.static = map[string]*node{}
			}
			if n.static[segment] == nil {
				n.static[segment] = &node{}
			}
			n = n.static[segment]
		}
	}
	if n.methods == nil {
		n.methods = map[string]*route{}
	}
	if other := n.methods[r.HTTPMethod]; other != nil {
		return fmt.Errorf("%s has the same path and HTTP method", other.LogicalID)
	}
	n.methods[r.HTTPMethod] = r
	return nil
}

// match finds the resource of a path, a static segment before a parameter. Values of parameters stay percent-encoded.
func (n *node) match(path []string, parameters map[string]string) *node {
	if len(path) == 0 {
		if n.methods == nil {
			return nil
		}
		return n
	}
	if next := n.static[path[0]]; next != nil {
		if found := next.match(path[1:], parameters); found != nil {
			return found
		}
	}
	if n.parameter == nil || path[0] == "" {
		return nil
	}
	found := n.parameter.match(path[1:], parameters)
	if found != nil {
		parameters[n.name] = path[0]
	}
	return found
}

func (n *node) method(name string) *route {
	if r := n.methods[name]; r != nil {
		return r
	}
	return n.methods["ANY"]
}

// segments splits a path. A slash at its end makes no difference.
func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
