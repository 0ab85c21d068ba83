package cfn

import (
	"cmp"
	"strings"
	"time"
)

// maxIntegrationTimeout is the maximum and the default of an integration's timeout.
// Source: API Gateway Developer Guide, "Quotas for configuring and running a REST API".
const maxIntegrationTimeout = 29 * time.Second

type methodProperties struct {
	id string

	ApiKeyRequired    bool
	AuthorizationType string
	AuthorizerId      string
	HttpMethod        string
	Integration       integrationProperties
	MethodResponses   []struct {
		ResponseParameters map[string]bool
		ResponseModels     inert
		StatusCode         string
	}
	RequestParameters  map[string]bool
	RequestValidatorId string
	ResourceId         string
	RestApiId          string
	OperationName      inert
}

func (r *reader) method(id string, p methodProperties) {
	p.id = id
	r.parts.methods = append(r.parts.methods, p)
}

func (r *reader) finishMethod(p methodProperties) {
	method := Method{
		LogicalID:   p.id,
		HTTPMethod:  p.HttpMethod,
		ResourceID:  p.ResourceId,
		Resource:    r.path(p.id, p.ResourceId),
		Authorizer:  r.methodAuthorizer(p),
		Parameters:  p.RequestParameters,
		Integration: r.integration(p),
	}
	if p.ApiKeyRequired {
		r.fail(p.id, "ApiKeyRequired", "the local run has no API keys")
	}
	if p.RequestValidatorId != "" {
		validator, ok := r.parts.validators[p.RequestValidatorId]
		if !ok {
			r.fail(p.id, "RequestValidatorId", "%q is not a request validator of this template", p.RequestValidatorId)
		}
		method.ValidateParameters = validator.ValidateRequestParameters
	}
	for _, response := range p.MethodResponses {
		put(&method.Responses, response.StatusCode, MethodResponse{Parameters: response.ResponseParameters})
	}
	if method.Integration.Type == "AWS_PROXY" {
		source := r.stack.API.ARN + "/" + r.stack.API.Stage + "/" + method.HTTPMethod + method.Resource
		r.mustBePermitted(p.id, "Integration.Uri", method.Integration.Function, source)
	}
	r.stack.API.Methods = append(r.stack.API.Methods, method)
}

// path returns a resource's path pattern, from the root.
func (r *reader) path(method, resource string) string {
	root := r.references[r.stack.API.LogicalID].attributes["RootResourceId"]
	var parts []string
	for current := resource; current != root; {
		p, ok := r.parts.resources[current]
		// A cycle is longer than there are resources.
		if !ok || len(parts) > len(r.parts.resources) {
			r.fail(method, "ResourceId", "%q does not lead to the API's root", resource)
			break
		}
		parts = append([]string{p.PathPart}, parts...)
		current = p.ParentId
	}
	return "/" + strings.Join(parts, "/")
}

type authorizerProperties struct {
	AuthorizerResultTtlInSeconds *int
	AuthorizerUri                string
	IdentitySource               string
	RestApiId                    string
	Type                         string

	AuthType inert
	Name     inert
}

func (r *reader) authorizer(id string, p authorizerProperties) {
	if p.Type != "REQUEST" {
		r.fail(id, "Type", "%q is not served, only REQUEST is", p.Type)
	}
	if p.AuthorizerResultTtlInSeconds == nil || *p.AuthorizerResultTtlInSeconds != 0 {
		r.fail(id, "AuthorizerResultTtlInSeconds", "the local run does not cache results: want 0 (left out, it is 300)")
	}
	authorizer := Authorizer{LogicalID: id, Function: r.invocation(id, "AuthorizerUri", p.AuthorizerUri)}
	for source := range strings.SplitSeq(p.IdentitySource, ",") {
		if source = strings.TrimSpace(source); source != "" {
			authorizer.IdentitySources = append(authorizer.IdentitySources, source)
		}
	}
	put(&r.parts.authorizers, r.references[id].ref, authorizer)
}

func (r *reader) methodAuthorizer(p methodProperties) *Authorizer {
	switch p.AuthorizationType {
	case "NONE":
		if p.AuthorizerId != "" {
			r.fail(p.id, "AuthorizerId", "an authorizer has no effect with the authorization type NONE")
		}
		return nil
	case "CUSTOM":
		authorizer, ok := r.parts.authorizers[p.AuthorizerId]
		if !ok {
			r.fail(p.id, "AuthorizerId", "%q is not an authorizer of this template", p.AuthorizerId)
		}
		return &authorizer
	default:
		r.fail(p.id, "AuthorizationType", "%q is not served, only NONE and CUSTOM are", p.AuthorizationType)
		return nil
	}
}

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
		Timeout:          cmp.Or(time.Duration(p.TimeoutInMillis)*time.Millisecond, maxIntegrationTimeout),
		RequestTemplates: p.RequestTemplates,
		Passthrough:      cmp.Or(p.PassthroughBehavior, "WHEN_NO_MATCH"),
	}
	if integration.Timeout > maxIntegrationTimeout {
		r.fail(method.id, "Integration.TimeoutInMillis", "%d is more than %d", p.TimeoutInMillis, maxIntegrationTimeout.Milliseconds())
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

// invocation looks up the function that an invocation URI names:
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
