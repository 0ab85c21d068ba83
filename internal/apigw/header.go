package apigw

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/contract"
	"postern/internal/upload"
)

// valuesOf are all values of a header, whose name may be in any case.
func valuesOf(headers map[string][]string, name string) []string {
	var given []string
	for n, values := range headers {
		if strings.EqualFold(n, name) {
			given = append(given, values...)
		}
	}
	return given
}

// readIfMatch is the version in the header If-Match of a Conditional route, or nil when any will do. RFC 9110, section
// 13.1.1, allows a list of entity tags, too; as there is one version at a time, this API does not. Another header is an
// *upload.Error.
func readIfMatch(event events.APIGatewayProxyRequest, route contract.Route) (*int64, error) {
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
	return invalid(`If-Match `+format+`: allowed are one version in quotes, such as "3", and *, once`, args...)
}
