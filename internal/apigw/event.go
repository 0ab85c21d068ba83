package apigw

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/tidwall/gjson"
)

// errNotEvent holds nothing of the event, which holds personal data.
var errNotEvent = errors.New("decoding the event: it is not one of API Gateway's")

// decodeEvent reads what is used of an event, and no other member or header. It fails for what is not JSON in UTF-8, and if
// what it reads is of another type or, headers aside, given twice: of two callers none is right. Of the authorizer's
// context it reads strings only.
func decodeEvent(payload []byte) (*events.APIGatewayProxyRequest, error) {
	d, err := newDecoder(payload)
	if err != nil {
		return nil, err
	}
	var event events.APIGatewayProxyRequest
	d.event(gjson.ParseBytes(payload), &event)
	if d.failed {
		return nil, errNotEvent
	}
	return &event, nil
}

// maxNested is the longest text, in bytes, that gjson may check. It is several times as fast as encoding/json, but its stack
// grows with the depth of the text.
const maxNested = 128 << 10

func isJSON(text []byte) bool {
	if len(text) > maxNested {
		return json.Valid(text)
	}
	return gjson.ValidBytes(text)
}

// A decoder reads values of valid JSON. As for encoding/json, null is the zero value of any type.
type decoder struct {
	given  []string // names of the members read so far that the event may have once
	failed bool
}

// newDecoder returns a decoder for a payload, or errNotEvent if that is not JSON in UTF-8.
func newDecoder(payload []byte) (*decoder, error) {
	if !utf8.Valid(payload) || !isJSON(payload) {
		return nil, errNotEvent
	}
	return &decoder{given: make([]string, 0, 12)}, nil
}

func (d *decoder) event(value gjson.Result, event *events.APIGatewayProxyRequest) {
	d.object(value, func(name string, value gjson.Result) {
		switch name {
		case "resource":
			d.once(name)
			event.Resource = d.text(value)
		case "httpMethod":
			d.once(name)
			event.HTTPMethod = d.text(value)
		case "multiValueHeaders":
			d.once(name)
			event.MultiValueHeaders = d.headers(value, "Content-Type", "If-Match")
		case "multiValueQueryStringParameters":
			d.once(name)
			event.MultiValueQueryStringParameters = objectOf(d, value, d.texts)
		case "pathParameters":
			d.once(name)
			event.PathParameters = objectOf(d, value, d.text)
		case "requestContext":
			d.once(name)
			d.context(value, &event.RequestContext)
		case "body":
			d.once(name)
			event.Body = d.text(value)
		case "isBase64Encoded":
			d.once(name)
			event.IsBase64Encoded = d.boolean(value)
		}
	})
}

func (d *decoder) context(value gjson.Result, context *events.APIGatewayProxyRequestContext) {
	d.object(value, func(name string, value gjson.Result) {
		switch name {
		case "requestId":
			d.once(name)
			context.RequestID = d.text(value)
		case "authorizer":
			d.once(name)
			context.Authorizer = objectOf(d, value, textOrNil)
		}
	})
}

// headers returns the headers of some names, which the event may have in any case. Each spelling adds values.
func (d *decoder) headers(value gjson.Result, names ...string) map[string][]string {
	headers := map[string][]string{}
	d.object(value, func(given string, value gjson.Result) {
		for _, name := range names {
			if strings.EqualFold(given, name) {
				headers[name] = append(headers[name], d.texts(value)...)
			}
		}
	})
	return headers
}

// once fails for a name that has been given.
func (d *decoder) once(name string) {
	d.failed = d.failed || slices.Contains(d.given, name)
	d.given = append(d.given, name)
}

// object reads each member of an object.
func (d *decoder) object(value gjson.Result, read func(name string, value gjson.Result)) {
	if !d.is(value, value.IsObject()) {
		return
	}
	value.ForEach(func(name, value gjson.Result) bool {
		read(name.Str, value)
		return !d.failed
	})
}

// objectOf reads an object into a map. It fails for a name that is given twice.
func objectOf[T any](d *decoder, value gjson.Result, read func(gjson.Result) T) map[string]T {
	object := map[string]T{}
	d.object(value, func(name string, value gjson.Result) {
		_, given := object[name]
		d.failed = d.failed || given
		object[name] = read(value)
	})
	return object
}

func (d *decoder) texts(value gjson.Result) []string {
	if !d.is(value, value.IsArray()) {
		return nil
	}
	var texts []string
	value.ForEach(func(_, value gjson.Result) bool {
		texts = append(texts, d.text(value))
		return !d.failed
	})
	return texts
}

func (d *decoder) text(value gjson.Result) string {
	d.is(value, value.Type == gjson.String)
	return value.Str
}

func (d *decoder) boolean(value gjson.Result) bool {
	d.is(value, value.IsBool())
	return value.Type == gjson.True
}

// is reports whether a value is of its type. It fails for one that is of another and not null.
func (d *decoder) is(value gjson.Result, ofType bool) bool {
	d.failed = d.failed || !ofType && value.Type != gjson.Null
	return ofType
}

// textOrNil returns a string, or nil for all else.
func textOrNil(value gjson.Result) any {
	if value.Type != gjson.String {
		return nil
	}
	return value.Str
}
