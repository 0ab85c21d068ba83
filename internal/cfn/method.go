package cfn

import (
	"strings"
	"time"
)

// maxIntegrationTimeout bounds an integration's time, and is its default.
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

func (r *reader) method(id string) {
	p := methodProperties{id: id}
	if r.properties(id, &p) {
		r.parts.methods = append(r.parts.methods, p)
	}
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
			r.fail(p.id, "RequestValidatorId", "%q is no request validator of this template", p.RequestValidatorId)
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

// path is a resource's path pattern: the parts from the root to it.
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
