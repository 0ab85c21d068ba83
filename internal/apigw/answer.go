package apigw

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
)

// statuses is the HTTP status of each code.
var statuses = map[api.Code]int{
	api.InvalidRequest:       http.StatusBadRequest,
	api.Forbidden:            http.StatusForbidden,
	api.NotFound:             http.StatusNotFound,
	api.Conflict:             http.StatusConflict,
	api.PreconditionFailed:   http.StatusPreconditionFailed,
	api.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	api.PayloadTooLarge:      http.StatusRequestEntityTooLarge,
}

func fail(status int, code api.Code, message string, event events.APIGatewayProxyRequest) (int, []byte) {
	// A struct of strings always encodes.
	body, _ := encode(api.ErrorBody{Message: message, Code: code, RequestID: event.RequestContext.RequestID})
	return status, body
}

// encode is an answer's JSON, with <, > and & as they are: people copy a form's fields by hand.
func encode(answer any) ([]byte, error) {
	if form, ok := answer.(api.PresignedForm); ok {
		return encodeForm(form)
	}
	return encodeAny(answer)
}

// encodeAny encodes by encoding/json.
func encodeAny(answer any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(answer)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}

// headersOf are the headers of an answer. One without a body has no content type either.
func headersOf(body []byte) map[string]string {
	headers := maps.Clone(contract.Headers)
	if len(body) == 0 {
		delete(headers, "Content-Type")
	}
	return headers
}
