package gateway

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// A parameter is a part of a request, as the template names it: method.request.<location>.<name>.
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

// missing reports whether a request has no value for the parameter, or only blank values.
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

// validate checks that a request has its route's required parameters.
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

// A query holds a query string's values by name, in the order of the request.
type query map[string][]string

// parseQuery decodes a query string as API Gateway does: '+' is a space, and ';' separates as '&' does. A malformed escape
// stays as it is. Bytes that are not UTF-8 become U+FFFD, because an event is JSON.
func parseQuery(raw string) query {
	q := query{}
	for pair := range strings.FieldsFuncSeq(raw, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		name = decodeQuery(name)
		q[name] = append(q[name], decodeQuery(value))
	}
	return q
}

func decodeQuery(s string) string {
	if strings.ContainsAny(s, "%+") {
		s = unescape(s)
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) {
			if escaped, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c, i = byte(escaped), i+2
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// last returns the last value of each name.
func last(values map[string][]string) map[string]string {
	single := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) > 0 {
			single[name] = all[len(all)-1]
		}
	}
	return single
}

// blank reports whether all values are blank.
func blank(values []string) bool {
	return !slices.ContainsFunc(values, func(value string) bool { return strings.TrimSpace(value) != "" })
}
