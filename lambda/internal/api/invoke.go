package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
)

// Invoke is Handle from JSON to JSON, and makes a Gateway a lambda.Handler. It decodes no more of an event than is read
// and writes each byte of an answer into JSON once: what package lambda does around a function in general takes longer
// than our handlers. It fails for what is no event of a proxy integration.
func (g *Gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event proxyEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decoding the event: %w", err)
	}
	return encodeResponse(g.answer(ctx, event.request())), nil
}

// A proxyEvent is what is read of an events.APIGatewayProxyRequest.
type proxyEvent struct {
	Resource   string `json:"resource"`
	HTTPMethod string `json:"httpMethod"`
	Headers    struct {
		ContentType headerValues `json:"Content-Type"`
		IfMatch     headerValues `json:"If-Match"`
	} `json:"multiValueHeaders"`
	Query          map[string][]string `json:"multiValueQueryStringParameters"`
	Path           map[string]string   `json:"pathParameters"`
	RequestContext struct {
		RequestID  string         `json:"requestId"`
		Authorizer map[string]any `json:"authorizer"`
	} `json:"requestContext"`
	Body            string `json:"body"`
	IsBase64Encoded bool   `json:"isBase64Encoded"`
}

// headerValues are all values of a header. For encoding/json, a member is a field's in any case of its name: it calls
// UnmarshalJSON for each spelling of the header.
type headerValues []string

// UnmarshalJSON adds values.
func (v *headerValues) UnmarshalJSON(text []byte) error {
	var values []string
	err := json.Unmarshal(text, &values)
	*v = append(*v, values...)
	return err
}

func (e *proxyEvent) request() events.APIGatewayProxyRequest {
	request := events.APIGatewayProxyRequest{
		Resource:                        e.Resource,
		HTTPMethod:                      e.HTTPMethod,
		MultiValueHeaders:               map[string][]string{"Content-Type": e.Headers.ContentType, "If-Match": e.Headers.IfMatch},
		MultiValueQueryStringParameters: e.Query,
		PathParameters:                  e.Path,
		Body:                            e.Body,
		IsBase64Encoded:                 e.IsBase64Encoded,
	}
	request.RequestContext.RequestID = e.RequestContext.RequestID
	request.RequestContext.Authorizer = e.RequestContext.Authorizer
	return request
}

// encodeResponse writes the JSON of what respond returns.
func encodeResponse(status int, body []byte) []byte {
	headers := headersOfJSON
	if len(body) == 0 {
		headers = headersOfNothing
	}
	// JSON has control characters in escapes alone, so that nothing else of it needs one in a string.
	if bytes.IndexByte(body, '\\') >= 0 {
		body = bytes.ReplaceAll(body, []byte(`\`), []byte(`\\`))
	}
	body = bytes.ReplaceAll(body, []byte(`"`), []byte(`\"`))

	response := make([]byte, 0, len(body)+len(headers)+len(`{"statusCode":200,"headers":,"body":""}`))
	response = append(response, `{"statusCode":`...)
	response = strconv.AppendInt(response, int64(status), 10)
	response = append(response, `,"headers":`...)
	response = append(response, headers...)
	response = append(response, `,"body":"`...)
	response = append(response, body...)
	return append(response, `"}`...)
}

// Headers of an answer, in JSON.
var (
	headersOfJSON    = encodeHeaders([]byte("{}"))
	headersOfNothing = encodeHeaders(nil)
)

func encodeHeaders(body []byte) []byte {
	headers, _ := json.Marshal(headersOf(body)) // strings always encode
	return headers
}
