package apigw

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/contract"
	"postern/internal/upload"
)

// statuses is the HTTP status of each code.
var statuses = map[upload.Code]int{
	upload.Invalid:              http.StatusBadRequest,
	upload.Forbidden:            http.StatusForbidden,
	upload.NotFound:             http.StatusNotFound,
	upload.Conflict:             http.StatusConflict,
	upload.PreconditionFailed:   http.StatusPreconditionFailed,
	upload.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	upload.TooLarge:             http.StatusRequestEntityTooLarge,
}

func fail(status int, code, message string, event events.APIGatewayProxyRequest) (int, []byte) {
	// A struct of strings always encodes.
	body, _ := encode(contract.ErrorBody{Message: message, Code: code, RequestID: event.RequestContext.RequestID})
	return status, body
}

// encode is an answer's JSON, with <, > and & as they are: people copy a form's fields by hand.
func encode(answer any) ([]byte, error) {
	if form, ok := answer.(contract.PresignedForm); ok {
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
