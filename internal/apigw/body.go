package apigw

import (
	"encoding/base64"
	"fmt"
	"mime"
	"reflect"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

// maxBody is the largest body that a route reads, in bytes.
const maxBody = 64 << 10

// readBody holds an event's body to the route: a value of the type of its Request, or nil if it has none. A body that
// is not what the route takes is an *upload.Error that says why.
func readBody(event events.APIGatewayProxyRequest, route contract.Route) (any, error) {
	if route.Request == nil {
		return nil, nil
	}
	if err := checkContentType(event.MultiValueHeaders); err != nil {
		return nil, err
	}
	text, err := bodyText(event)
	if err != nil {
		return nil, err
	}
	body := reflect.New(reflect.TypeOf(route.Request)).Elem()
	if err := decodeObject(text, body); err != nil {
		return nil, err
	}
	return body.Interface(), nil
}

// checkContentType wants application/json, with any parameters: the text is UTF-8 whatever they say (RFC 8259,
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
	return &upload.Error{Code: api.UnsupportedMediaType, Message: fmt.Sprintf(format, args...) + ": allowed is application/json, once"}
}

// bodyText is the body as it was sent: API Gateway hands on in base64 what it takes for binary.
func bodyText(event events.APIGatewayProxyRequest) ([]byte, error) {
	text := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, invalid("body is not the base64 that it is said to be")
		}
		text = decoded
	}
	if len(text) > maxBody {
		return nil, &upload.Error{Code: api.PayloadTooLarge, Message: fmt.Sprintf("body has %d bytes: at most %d are allowed", len(text), maxBody)}
	}
	return text, nil
}
