package apigw

import (
	"net/url"

	"github.com/aws/aws-lambda-go/events"
)

// readPath are the parameters of an event's path, which API Gateway hands on as they were sent. Each is unescaped once.
// A malformed escape is no error: such a value keeps its % and names nothing, as one that is well-formed and unknown.
func readPath(event events.APIGatewayProxyRequest) map[string]string {
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
