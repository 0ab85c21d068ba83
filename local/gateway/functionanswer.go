package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// parseAnswer reads a function's answer. Every member may be left out, no other may be there.
// Source: "Output format of a Lambda function for proxy integration".
func parseAnswer(payload []byte) (answer, error) {
	var p *struct {
		StatusCode        *int                     `json:"statusCode"`
		Headers           map[string]headerValue   `json:"headers"`
		MultiValueHeaders map[string][]headerValue `json:"multiValueHeaders"`
		Body              *string                  `json:"body"`
		// The API has no binary media types, so an encoded body goes out as it is.
		IsBase64Encoded bool `json:"isBase64Encoded"`
	}
	if len(payload) > maxBody {
		return answer{}, fmt.Errorf("it is larger than %d bytes", maxBody)
	}
	if err := decodeStrictly(payload, &p); err != nil {
		return answer{}, err
	}
	if p == nil {
		return answer{}, errors.New("it is null")
	}
	a := answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}}
	if p.StatusCode != nil {
		a.status = *p.StatusCode
	}
	if a.status < 200 || a.status > 599 {
		return answer{}, fmt.Errorf("its status code is %d, want 200 to 599", a.status)
	}
	if p.Body != nil {
		a.body = *p.Body
	}
	// Of a header in both, only the multiple values count.
	headers := maps.Clone(p.MultiValueHeaders)
	if headers == nil {
		headers = map[string][]headerValue{}
	}
	for name, value := range p.Headers {
		if !hasHeader(p.MultiValueHeaders, name) {
			headers[name] = []headerValue{value}
		}
	}
	return a, a.setHeaders(headers)
}

func hasHeader(headers map[string][]headerValue, name string) bool {
	for other := range headers {
		if strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// A headerValue is a string, number or boolean in a function's answer.
type headerValue string

// UnmarshalJSON reads any of the three.
func (v *headerValue) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '{', '[', 'n':
		return errors.New("a header is no string, number or boolean")
	case '"':
		return json.Unmarshal(b, (*string)(v))
	}
	*v = headerValue(b)
	return nil
}
