package apigw

import (
	"encoding/base64"
	"fmt"
	"mime"
	"reflect"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/upload"
)

// maxBody is the largest body that a route reads, in bytes.
const maxBody = 512 << 10

// readBody decodes an event's body into a pointer to a struct. A body that is not its JSON is an *upload.Error that says
// why.
func readBody[B any](event *events.APIGatewayProxyRequest, body *B) error {
	if err := checkContentType(event.MultiValueHeaders); err != nil {
		return err
	}
	text, err := bodyText(event)
	if err != nil {
		return err
	}
	return decodeBody(text, reflect.ValueOf(body).Elem())
}

// checkContentType demands application/json, with any parameters: the text is UTF-8 whatever they say (RFC 8259,
// section 8.1).
func checkContentType(headers map[string][]string) error {
	given := valuesOf(headers, "Content-Type")
	if len(given) != 1 {
		return unsupportedBody("Content-Type is given %d times", len(given))
	}
	if mediaType, _, err := mime.ParseMediaType(given[0]); err != nil || mediaType != "application/json" {
		return unsupportedBody("Content-Type %s is not supported", upload.Quote(given[0]))
	}
	return nil
}

func unsupportedBody(format string, args ...any) error {
	return &upload.Error{Code: api.UnsupportedMediaType, Message: fmt.Sprintf(format, args...) + ": must be application/json, given once"}
}

// bodyText returns the body as it was sent: API Gateway hands on in base64 what it takes for binary.
func bodyText(event *events.APIGatewayProxyRequest) ([]byte, error) {
	text := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, invalid("body is said to be base64 and is not")
		}
		text = decoded
	}
	if len(text) > maxBody {
		return nil, &upload.Error{Code: api.PayloadTooLarge, Message: fmt.Sprintf("body has %d bytes: must have at most %d", len(text), maxBody)}
	}
	return text, nil
}
