package gateway

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"postern/internal/cfn"
)

// A mock answers without a function.
type mock struct {
	statuses  map[string]string // status code of each request template, by content type
	refuses   bool              // a content type without a template is a 415
	selection []mockResponse
}

// mockTemplate is the form of a mock's request template: an object with a status code. CDK's preflights leave out the quotes,
// as Velocity allows.
var mockTemplate = regexp.MustCompile(`^\s*\{\s*"?statusCode"?\s*:\s*(\d{3})\s*\}\s*$`)

func newMock(method cfn.Method) (*mock, error) {
	integration := method.Integration
	m := &mock{statuses: map[string]string{}}
	switch integration.Passthrough {
	case "WHEN_NO_MATCH":
	case "NEVER":
		m.refuses = true
	case "WHEN_NO_TEMPLATES":
		m.refuses = len(integration.RequestTemplates) > 0
	default:
		return nil, fmt.Errorf("passthrough behavior %q is none", integration.Passthrough)
	}
	for contentType, text := range integration.RequestTemplates {
		match := mockTemplate.FindStringSubmatch(text)
		if match == nil {
			return nil, fmt.Errorf(`request template for %s: %q is not of the form {"statusCode": 200}`, contentType, text)
		}
		m.statuses[contentType] = match[1]
	}
	defaults := 0
	for _, response := range integration.Responses {
		made, err := newMockResponse(response, method.Responses)
		if err != nil {
			return nil, fmt.Errorf("integration response %s: %w", response.StatusCode, err)
		}
		if made.pattern == nil {
			defaults++
		}
		m.selection = append(m.selection, made)
	}
	if defaults > 1 {
		return nil, errors.New("more than one integration response has no selection pattern")
	}
	return m, nil
}

func (m *mock) answer(r *http.Request) (answer, *failure) {
	contentType := jsonType
	if given := r.Header.Get("Content-Type"); given != "" {
		contentType, _, _ = mime.ParseMediaType(given)
	}
	status, ok := m.statuses[contentType]
	if !ok && m.refuses {
		return answer{}, &failure{responseType: "UNSUPPORTED_MEDIA_TYPE", message: "Unsupported Media Type"}
	}
	// Without a template, a mock looks for the status code in the request's body and finds none.
	if ok {
		if response := m.choose(status); response != nil {
			a := response.answer
			a.header = a.header.Clone()
			if a.header.Get("Content-Type") == "" {
				a.header.Set("Content-Type", jsonType)
			}
			return a, nil
		}
	}
	return answer{}, &failure{responseType: "API_CONFIGURATION_ERROR", message: "Internal server error"}
}

func (m *mock) choose(status string) *mockResponse {
	var fallback *mockResponse
	for i, response := range m.selection {
		if response.pattern == nil {
			fallback = &m.selection[i]
		} else if response.pattern.MatchString(status) {
			return &m.selection[i]
		}
	}
	return fallback
}

type mockResponse struct {
	pattern *regexp.Regexp // on the status code; nil: the default
	answer  answer
}

func newMockResponse(response cfn.IntegrationResponse, declared map[string]cfn.MethodResponse) (mockResponse, error) {
	methodResponse, ok := declared[response.StatusCode]
	if !ok {
		return mockResponse{}, errors.New("the method declares no response with this status code")
	}
	for parameter := range response.Parameters {
		if _, ok := methodResponse.Parameters[parameter]; !ok {
			return mockResponse{}, fmt.Errorf("the method response does not declare %s", parameter)
		}
	}
	header, err := staticHeaders(response.Parameters, "method.response.header.")
	if err != nil {
		return mockResponse{}, err
	}
	body, err := bodyTemplate(response.Templates)
	if err != nil {
		return mockResponse{}, err
	}
	if strings.ContainsAny(body, "$#") {
		return mockResponse{}, errors.New("the response template is not plain text: Velocity is not served")
	}
	status, err := strconv.Atoi(response.StatusCode)
	if err != nil || status < 200 || status > 599 {
		return mockResponse{}, errors.New("want a status code of 200 to 599")
	}
	made := mockResponse{answer: answer{status: status, header: header, body: body}}
	if response.Selection != "" {
		made.pattern, err = regexp.Compile("^(?:" + response.Selection + ")$")
	}
	return made, err
}

// bodyTemplate returns the only template that is served.
func bodyTemplate(templates map[string]string) (string, error) {
	for contentType := range templates {
		if contentType != jsonType {
			return "", fmt.Errorf("a template for %s is not served, only %s is", contentType, jsonType)
		}
	}
	return templates[jsonType], nil
}

// jsonType is the only content type that response templates may have.
const jsonType = "application/json"
