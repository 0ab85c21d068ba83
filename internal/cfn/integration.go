package cfn

import (
	"strings"
	"time"
)

type integrationProperties struct {
	IntegrationHttpMethod string
	IntegrationResponses  []struct {
		ResponseParameters map[string]string
		ResponseTemplates  map[string]string
		SelectionPattern   string
		StatusCode         string
	}
	PassthroughBehavior string
	RequestTemplates    map[string]string
	TimeoutInMillis     int
	Type                string
	Uri                 string
}

func (r *reader) integration(method methodProperties) Integration {
	p := method.Integration
	integration := Integration{
		Type:             p.Type,
		Timeout:          time.Duration(p.TimeoutInMillis) * time.Millisecond,
		RequestTemplates: p.RequestTemplates,
		Passthrough:      p.PassthroughBehavior,
	}
	if integration.Timeout == 0 {
		integration.Timeout = maxIntegrationTimeout
	}
	if integration.Timeout > maxIntegrationTimeout {
		r.fail(method.id, "Integration.TimeoutInMillis", "%d is more than %d", p.TimeoutInMillis, maxIntegrationTimeout.Milliseconds())
	}
	if integration.Passthrough == "" {
		integration.Passthrough = "WHEN_NO_MATCH"
	}
	for _, response := range p.IntegrationResponses {
		integration.Responses = append(integration.Responses, IntegrationResponse{
			StatusCode: response.StatusCode,
			Selection:  response.SelectionPattern,
			Parameters: response.ResponseParameters,
			Templates:  response.ResponseTemplates,
		})
	}
	switch p.Type {
	case "MOCK":
	case "AWS_PROXY":
		if p.IntegrationHttpMethod != "POST" {
			r.fail(method.id, "Integration.IntegrationHttpMethod", "%q cannot invoke a function, only POST can", p.IntegrationHttpMethod)
		}
		integration.Function = r.invocation(method.id, "Integration.Uri", p.Uri)
	default:
		r.fail(method.id, "Integration.Type", "%q is not served, only AWS_PROXY and MOCK are", p.Type)
	}
	return integration
}

// invocation finds the function that an invocation URI names:
// arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<ARN>/invocations.
func (r *reader) invocation(id, path, uri string) string {
	arn, isInvocation := strings.CutPrefix(uri, "arn:aws:apigateway:"+r.stack.Region+":lambda:path/2015-03-31/functions/")
	arn, ends := strings.CutSuffix(arn, "/invocations")
	function, ok := r.find("AWS::Lambda::Function", arn)
	if !isInvocation || !ends || !ok {
		r.fail(id, path, "%q invokes no function of this template", uri)
	}
	return function
}
