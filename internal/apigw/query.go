package apigw

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

// readQuery holds an event's query to the route: every parameter is known and given once, none that is required lacks.
// The first that is not is an *upload.Error that names it.
func readQuery(event events.APIGatewayProxyRequest, route contract.Route) (map[string]string, error) {
	given := event.MultiValueQueryStringParameters
	query := make(map[string]string, len(given))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !knows(route, name) {
			return nil, invalid("query parameter %s is not known: allowed are %s", upload.Quote(name), known(route))
		}
		if n := len(given[name]); n != 1 {
			return nil, invalid("query parameter %s is given %d times: allowed is once", name, n)
		}
		query[name] = given[name][0]
	}
	for _, parameter := range route.Query {
		if _, ok := query[parameter.Name]; !ok && parameter.Required {
			return nil, invalid("query parameter %s is missing", parameter.Name)
		}
	}
	return query, nil
}

func knows(route contract.Route, name string) bool {
	return slices.ContainsFunc(route.Query, func(p contract.QueryParameter) bool { return p.Name == name })
}

func known(route contract.Route) string {
	if len(route.Query) == 0 {
		return "none"
	}
	names := make([]string, len(route.Query))
	for i, parameter := range route.Query {
		names[i] = parameter.Name
	}
	return strings.Join(names, ", ")
}

func invalid(format string, args ...any) error {
	return &upload.Error{Code: api.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}
