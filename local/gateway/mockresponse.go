package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"postern/internal/cfn"
)

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
		return mockResponse{}, errors.New("the response template is no plain text: Velocity is not served")
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

// bodyTemplate picks the one template that is served.
func bodyTemplate(templates map[string]string) (string, error) {
	for contentType := range templates {
		if contentType != jsonType {
			return "", fmt.Errorf("a template for %s is not served, only %s is", contentType, jsonType)
		}
	}
	return templates[jsonType], nil
}

// jsonType is the one content type that templates of responses may have.
const jsonType = "application/json"
