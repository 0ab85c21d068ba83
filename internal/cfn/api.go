package cfn

import (
	"errors"
	"maps"
	"slices"
)

// apiParts holds the resources of the REST API until all are read: they are read in the order of their logical ids, and may
// refer to later ones.
type apiParts struct {
	resources   map[string]resourceProperties
	validators  map[string]validatorProperties
	authorizers map[string]Authorizer
	methods     []methodProperties
	permissions []permissionProperties
}

type apiProperties struct {
	EndpointConfiguration  struct{ Types []string }
	Name                   string
	Description            inert
	MinimumCompressionSize *int
	Tags                   inert

	DisableExecuteApiEndpoint, EndpointAccessMode, SecurityPolicy unenforced
}

func (r *reader) restAPI(id string, p apiProperties) {
	for i, endpoint := range p.EndpointConfiguration.Types {
		if endpoint != "REGIONAL" {
			r.fail(id, index("EndpointConfiguration.Types", i), "%q is not served, only REGIONAL is", endpoint)
		}
	}
	api := r.references[id].ref
	r.stack.API.LogicalID = id
	r.stack.API.ID = api
	r.stack.API.ARN = names{region: r.stack.Region, account: r.stack.AccountID}.arn("execute-api", api)
	r.stack.API.Name = p.Name
	r.stack.API.MinCompression = p.MinimumCompressionSize
}

type resourceProperties struct{ ParentId, PathPart, RestApiId string }

func (r *reader) resource(id string, p resourceProperties) {
	put(&r.parts.resources, r.references[id].ref, p)
}

type validatorProperties struct {
	ValidateRequestBody       bool
	ValidateRequestParameters bool

	Name      inert
	RestApiId string
}

func (r *reader) validator(id string, p validatorProperties) {
	if p.ValidateRequestBody {
		r.fail(id, "ValidateRequestBody", "the local run does not validate bodies")
	}
	put(&r.parts.validators, r.references[id].ref, p)
}

type gatewayResponseProperties struct {
	ResponseParameters map[string]string
	ResponseTemplates  map[string]string
	ResponseType       string
	RestApiId          string
	StatusCode         string
}

func (r *reader) gatewayResponse(id string, p gatewayResponseProperties) {
	if other, ok := r.stack.API.Responses[p.ResponseType]; ok {
		r.fail(id, "ResponseType", "%s has another response for %s", other.LogicalID, p.ResponseType)
	}
	put(&r.stack.API.Responses, p.ResponseType, GatewayResponse{
		LogicalID:  id,
		StatusCode: p.StatusCode,
		Parameters: p.ResponseParameters,
		Templates:  p.ResponseTemplates,
	})
}

// finishAPI joins the parts of the API when all are read.
func (r *reader) finishAPI() {
	apis, stages := r.ids("AWS::ApiGateway::RestApi"), r.ids("AWS::ApiGateway::Stage")
	if len(apis) == 0 || len(stages) == 0 {
		r.errs = append(r.errs, errors.New("the template has no AWS::ApiGateway::RestApi with an AWS::ApiGateway::Stage"))
		return
	}
	for _, extra := range apis[1:] {
		r.fail(extra, "", "the local run serves one REST API")
	}
	for _, extra := range stages[1:] {
		r.fail(extra, "", "the local run serves one deployment stage")
	}
	for _, p := range r.parts.methods {
		r.finishMethod(p)
	}
	for _, ref := range slices.Sorted(maps.Keys(r.parts.authorizers)) {
		authorizer := r.parts.authorizers[ref]
		r.mustBePermitted(authorizer.LogicalID, "AuthorizerUri", authorizer.Function, r.stack.API.ARN+"/authorizers/"+ref)
	}
}

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

type stageProperties struct {
	AccessLogSetting struct {
		DestinationArn inert
		Format         string
	}
	DeploymentId   string
	MethodSettings []struct {
		HttpMethod, ResourcePath                       inert
		ThrottlingBurstLimit, ThrottlingRateLimit      unenforced
		DataTraceEnabled, LoggingLevel, MetricsEnabled inert
	}
	RestApiId string
	StageName string

	Description    inert
	Tags           inert
	TracingEnabled unenforced
}

func (r *reader) stage(id string, p stageProperties) {
	if p.StageName == "" || p.StageName != r.references[id].ref {
		r.fail(id, "StageName", "want a literal name")
	}
	r.stack.API.Stage = p.StageName
	r.stack.API.AccessLog = p.AccessLogSetting.Format
}

type deploymentProperties struct {
	RestApiId   string
	Description inert
}

func (r *reader) deployment(string, deploymentProperties) {}
