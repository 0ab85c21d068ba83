package apigw

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
)

// statuses maps each code that a handler may refuse with to its HTTP status.
var statuses = map[api.Code]int{
	api.InvalidRequest:       http.StatusBadRequest,
	api.Forbidden:            http.StatusForbidden,
	api.NotFound:             http.StatusNotFound,
	api.Conflict:             http.StatusConflict,
	api.PreconditionFailed:   http.StatusPreconditionFailed,
	api.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	api.PayloadTooLarge:      http.StatusRequestEntityTooLarge,
}

func fail(status int, code api.Code, message string, event *events.APIGatewayProxyRequest) answer {
	// A struct of strings always encodes.
	body, _ := encode(api.ErrorBody{Message: message, Code: code, RequestID: event.RequestContext.RequestID})
	return answer{status: status, body: body}
}

// encode returns the JSON of an answer, with <, > and & as they are: people copy a form's fields by hand.
func encode[A any](answer A) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(answer)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}

// headersOf returns the headers of an answer, with those that it has besides the standard ones. One without a body has no
// content type either.
func headersOf(body []byte, more map[string]string) map[string]string {
	headers := maps.Clone(contract.Headers)
	maps.Copy(headers, more)
	if len(body) == 0 {
		delete(headers, "Content-Type")
	}
	return headers
}

// An answer is what an event is answered with.
type answer struct {
	status  int
	headers map[string]string // besides the standard ones
	body    []byte            // JSON, or nothing
}

// encodeResponse writes the JSON of an events.APIGatewayProxyResponse. A body ends with a line end, for people at a
// terminal.
func encodeResponse(a answer) []byte {
	headers, body := headersOfJSON, a.body
	switch {
	case len(a.headers) > 0:
		headers = appendTexts(nil, headersOf(body, a.headers))
	case len(body) == 0:
		headers = headersOfNothing
	}
	// JSON has control characters in escapes alone, so that nothing else of it needs one in a string.
	if bytes.IndexByte(body, '\\') >= 0 {
		body = bytes.ReplaceAll(body, []byte(`\`), []byte(`\\`))
	}
	const quotes = 256 // enough for most answers
	response := make([]byte, 0, len(body)+quotes+len(headers)+len(`{"statusCode":200,"headers":,"body":""}`))
	response = append(response, `{"statusCode":`...)
	response = strconv.AppendInt(response, int64(a.status), 10)
	response = append(response, `,"headers":`...)
	response = append(response, headers...)
	response = append(response, `,"body":"`...)
	for {
		text, rest, found := bytes.Cut(body, []byte(`"`))
		response = append(response, text...)
		if !found {
			break
		}
		response = append(response, `\"`...)
		body = rest
	}
	if len(body) > 0 {
		response = append(response, `\n`...)
	}
	return append(response, `"}`...)
}

// Headers of an answer, in JSON. A start has no time for encoding/json.
var (
	headersOfJSON    = appendTexts(nil, headersOf([]byte("{}"), nil))
	headersOfNothing = appendTexts(nil, headersOf(nil, nil))
)
