package apigw

import (
	"bytes"
	"context"
	"strconv"
)

// Invoke answers an event of a REST API's proxy integration, from JSON to JSON, and makes a Gateway a lambda.Handler. It
// decodes no more of an event than is read and writes each byte of an answer into JSON once: what package lambda does
// around a function in general takes longer than our handlers. It fails for what is no such event, and for nothing else:
// every other fault is an answer.
func (g *Gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := decodeEvent(payload)
	if err != nil {
		return nil, err
	}
	return encodeResponse(g.answer(ctx, *event)), nil
}

// encodeResponse writes the JSON of an events.APIGatewayProxyResponse.
func encodeResponse(status int, body []byte) []byte {
	headers := headersOfJSON
	if len(body) == 0 {
		headers = headersOfNothing
	}
	// JSON has control characters in escapes alone, so that nothing else of it needs one in a string.
	if bytes.IndexByte(body, '\\') >= 0 {
		body = bytes.ReplaceAll(body, []byte(`\`), []byte(`\\`))
	}
	const quotes = 256 // enough for most answers
	response := make([]byte, 0, len(body)+quotes+len(headers)+len(`{"statusCode":200,"headers":,"body":""}`))
	response = append(response, `{"statusCode":`...)
	response = strconv.AppendInt(response, int64(status), 10)
	response = append(response, `,"headers":`...)
	response = append(response, headers...)
	response = append(response, `,"body":"`...)
	for {
		text, rest, found := bytes.Cut(body, []byte(`"`))
		response = append(response, text...)
		if !found {
			return append(response, `"}`...)
		}
		response = append(response, `\"`...)
		body = rest
	}
}

// Headers of an answer, in JSON. A start has no time for encoding/json.
var (
	headersOfJSON    = appendTexts(nil, headersOf([]byte("{}")))
	headersOfNothing = appendTexts(nil, headersOf(nil))
)
