package gateway

import (
	"encoding/json"
	"fmt"
	"time"
)

// A principal is whom an authorizer found.
type principal struct {
	id      string
	context map[string]string
}

// authorizer is the principal as requestContext.authorizer shows it to a function.
func (p principal) authorizer(latency time.Duration) map[string]any {
	members := make(map[string]any, len(p.context)+2)
	for name, value := range p.context {
		members[name] = value
	}
	members["principalId"] = p.id
	members["integrationLatency"] = latency.Milliseconds()
	return members
}

// stringify turns the members of an authorizer's context into strings, as API Gateway hands them on. Objects and
// lists are not allowed.
func stringify(context map[string]any) (map[string]string, error) {
	values := make(map[string]string, len(context))
	for name, value := range context {
		switch value := value.(type) {
		case string:
			values[name] = value
		case json.Number:
			values[name] = value.String()
		case bool:
			values[name] = fmt.Sprint(value)
		default:
			return nil, fmt.Errorf("context member %q is no string, number or boolean", name)
		}
	}
	return values, nil
}
