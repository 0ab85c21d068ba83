package gateway

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"
)

// A parameter is a part of a request that the template names: method.request.<location>.<name>.
type parameter struct {
	location string // "header", "querystring" or "path"
	name     string
}

func parseParameter(source string) (parameter, error) {
	rest, ok := strings.CutPrefix(source, "method.request.")
	location, name, _ := strings.Cut(rest, ".")
	known := location == "header" || location == "querystring" || location == "path"
	if !ok || !known || name == "" {
		return parameter{}, fmt.Errorf("request parameter %q: want method.request.header, .querystring or .path and a name", source)
	}
	return parameter{location, name}, nil
}

// missing reports whether the request has no value for a parameter, or only blank ones.
func (p parameter) missing(x *exchange) bool {
	switch p.location {
	case "header":
		return blank(x.headers[textproto.CanonicalMIMEHeaderKey(p.name)])
	case "path":
		return x.parameters[p.name] == ""
	default:
		return blank(x.query[p.name])
	}
}

func requiredParameters(parameters map[string]bool) ([]parameter, error) {
	var required []parameter
	for _, source := range slices.Sorted(maps.Keys(parameters)) {
		p, err := parseParameter(source)
		if err != nil {
			return nil, err
		}
		if parameters[source] {
			required = append(required, p)
		}
	}
	return required, nil
}

// validate holds a request to its route's required parameters.
func (x *exchange) validate() *failure {
	var missing []string
	for _, p := range x.route.required {
		if p.missing(x) {
			missing = append(missing, p.name)
		}
	}
	if missing == nil {
		return nil
	}
	message := "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
	return &failure{responseType: "BAD_REQUEST_PARAMETERS", message: message, validation: message}
}
