package apigw

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

// A Request is what a handler learns of an event: all of it is checked. B is the type of its body.
type Request[B any] struct {
	// ID is API Gateway's id of the request, which its access log has, too.
	ID string
	// Caller is on whose behalf the request acts.
	Caller Caller
	// Path has the path's parameters by name, as the client meant them: without the escapes of a URL. A value can be
	// anything; one whose escapes are malformed is left as it is, with its %.
	Path map[string]string
	// Query has the query's parameters. Each is one that the route knows, given once.
	Query map[string]string
	// IfMatch is the version that the upload must have, on a route that is Conditional. It is nil if any will do: without
	// If-Match, or with *. That one asks for what exists at all, and what does not is not found with and without it
	// (RFC 9110, section 13.2.1).
	IfMatch *int64
	// Body is the decoded body.
	Body B
}

// read checks an event against its route. What the route does not take is an *upload.Error that says why.
func read[B any](event *events.APIGatewayProxyRequest, route contract.Route) (request Request[B], err error) {
	request.ID = event.RequestContext.RequestID
	if request.Query, err = readQuery(event, route); err != nil {
		return request, err
	}
	request.Caller, err = CallerFrom(event.RequestContext.Authorizer)
	if errors.Is(err, ErrNoOwner) {
		// The query has one mail or subject by now, so the authorizer could not read that one.
		return request, unreadable(request.Query)
	}
	if err != nil {
		return request, fmt.Errorf("reading the caller: %w", err)
	}
	if request.Caller.Link != nil && !route.Guests { // the authorizer has refused this already
		return request, &upload.Error{Code: api.Forbidden, Message: "a link for guests does not open this route"}
	}
	if request.IfMatch, err = readIfMatch(event, route); err != nil {
		return request, err
	}
	if route.Request != nil {
		err = readBody(event, &request.Body)
	}
	request.Path = readPath(event)
	return request, err
}

// unreadable says what is wrong with the mail or the subject of a query.
func unreadable(query map[string]string) error {
	if subject, ok := query["subject"]; ok {
		return invalid("subject %s is not a subject: must be 1 to %d printable ASCII characters", upload.Quote(subject), api.MaxSubject)
	}
	return invalid("mail %s is not a mail address: must be name@domain in ASCII, at most 254 bytes (+ is written %%2B)", upload.Quote(query["mail"]))
}

// readQuery returns an event's query: every parameter is known, given once and UTF-8, and the user is named once at most.
// API Gateway puts U+FFFD in the place of bytes that are not UTF-8: a name with it is not the one that the client meant.
func readQuery(event *events.APIGatewayProxyRequest, route contract.Route) (map[string]string, error) {
	given := event.MultiValueQueryStringParameters
	query := make(map[string]string, len(given))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(route.Query, func(p contract.QueryParameter) bool { return p.Name == name }) {
			return nil, invalid("query parameter %s is not known: must be %s", upload.Quote(name), oneOf(route.Query))
		}
		if n := len(given[name]); n != 1 {
			return nil, invalid("query parameter %s is given %d times: must be given once", name, n)
		}
		query[name] = given[name][0]
		if strings.ContainsRune(query[name], utf8.RuneError) {
			return nil, invalid("query parameter %s is not UTF-8: must be percent-encoded UTF-8", name)
		}
	}
	_, hasMail := query["mail"]
	_, hasSubject := query["subject"]
	switch {
	case hasMail && hasSubject:
		return nil, invalid("query parameters mail and subject are both given: must be one of them")
	case !hasMail && !hasSubject && route.NamesUser:
		return nil, invalid("query parameter mail or subject is missing: one of them names the user")
	}
	return query, nil
}

func oneOf(parameters []contract.QueryParameter) string {
	names := make([]string, len(parameters))
	for i, parameter := range parameters {
		names[i] = parameter.Name
	}
	return "one of " + strings.Join(names, ", ")
}

// readPath returns the parameters of an event's path, which API Gateway hands on as they were sent. Each is unescaped
// once. A malformed escape is not an error: such a value keeps its % and names nothing, as a well-formed unknown one.
func readPath(event *events.APIGatewayProxyRequest) map[string]string {
	if len(event.PathParameters) == 0 {
		return nil
	}
	path := make(map[string]string, len(event.PathParameters))
	for name, raw := range event.PathParameters {
		path[name] = raw
		if value, err := url.PathUnescape(raw); err == nil {
			path[name] = value
		}
	}
	return path
}

// readIfMatch returns the version in the header If-Match of a Conditional route, or nil when any will do. RFC 9110,
// section 13.1.1, allows a list of entity tags, too; as there is one version at a time, this API does not.
func readIfMatch(event *events.APIGatewayProxyRequest, route contract.Route) (*int64, error) {
	if !route.Conditional {
		return nil, nil
	}
	given := valuesOf(event.MultiValueHeaders, "If-Match")
	switch {
	case len(given) == 0 || len(given) == 1 && given[0] == "*":
		return nil, nil
	case len(given) > 1:
		return nil, invalidIfMatch("is given %d times", len(given))
	}
	version, ok := parseVersion(given[0])
	if !ok {
		return nil, invalidIfMatch("%s is not a version", upload.Quote(given[0]))
	}
	return &version, nil
}

// parseVersion reads a strong entity tag that holds a version as it is written: "3", but neither "03" nor W/"3".
func parseVersion(tag string) (int64, bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(tag, `"`), `"`)
	version, err := strconv.ParseInt(digits, 10, 64)
	return version, err == nil && version >= 0 && tag == fmt.Sprintf(`"%d"`, version)
}

func invalidIfMatch(format string, args ...any) error {
	return invalid(`If-Match `+format+`: must be one version in quotes, such as "3", or *, given once`, args...)
}

func invalid(format string, args ...any) error {
	return &upload.Error{Code: api.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}

// valuesOf returns all values of a header, whose name may be in any case.
func valuesOf(headers map[string][]string, name string) []string {
	var given []string
	for n, values := range headers {
		if strings.EqualFold(n, name) {
			given = append(given, values...)
		}
	}
	return given
}
