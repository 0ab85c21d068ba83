package review

import (
	"slices"
	"strings"

	"postern/internal/cfn"
	"postern/internal/contract"
)

var apiRules = []rule{
	{"authorization", "TestEveryMethodIsAuthorized", authorizedRoutes},
	{"route table", "TestOpenMethodFailsTheSynthesis", tabledRoutes},
	{"gateway responses", "TestGatewayResponses", gatewayResponsesHold},
	{"access log", "TestAccessLog", each(stageType, logsAccess)},
	{"throttles", "TestFirewall", each(stageType, throttlesHold)},
	{"firewall", "TestFirewall", firewallHolds},
}

// authorizedRoutes finds methods that anybody may call, though the contract does not call them public.
func authorizedRoutes(s stack) []Finding {
	var all []Finding
	for _, r := range routes(s.Template) {
		tabled, known := contract.RouteOf(r.path, r.method)
		switch {
		case r.method == "OPTIONS" && r.by != "API Gateway":
			all = append(all, found(r.id, "%s is a preflight without an authorizer, and must be answered by API Gateway itself", r))
		case r.method == "OPTIONS" || r.authorized || known && tabled.Public:
		default:
			all = append(all, found(r.id, "%s must have the authorizer: the route table does not call it public", r))
		}
	}
	return all
}

// tabledRoutes finds methods that the contract's route table does not have, and those that another function answers.
func tabledRoutes(s stack) []Finding {
	var all []Finding
	for _, r := range routes(s.Template) {
		if r.method == "OPTIONS" {
			continue
		}
		tabled, known := contract.RouteOf(r.path, r.method)
		if !known {
			all = append(all, found(r.id, "%s must be in the route table (internal/contract/routes.go)", r))
			continue
		}
		want := "API Gateway"
		if f := string(tabled.Function); f != "" {
			want = strings.ToUpper(f[:1]) + f[1:]
		}
		if r.by != want {
			all = append(all, found(r.id, "%s must be answered by %s, and is by %s", r, want, r.by))
		}
	}
	return all
}

// responseTypes are those that tell something of AWS unless the stack has its own.
// Source: API Gateway Developer Guide, "Gateway response types for API Gateway".
var responseTypes = []string{
	"ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE", "BAD_REQUEST_BODY",
	"BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT",
	"INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED", "UNAUTHORIZED", "WAF_FILTERED",
}

// gatewayResponsesHold finds answers of API Gateway itself that are AWS's own, or lack a header of every answer.
func gatewayResponsesHold(s stack) []Finding {
	var all []Finding
	there := map[string]bool{}
	for _, id := range s.of("AWS::ApiGateway::GatewayResponse") {
		r := s.Resources[id]
		there[cfn.Text(r.At("ResponseType"))] = true
		headers, _ := r.At("ResponseParameters").(map[string]any)
		for header, value := range contract.Headers {
			if got := cfn.Text(headers["gatewayresponse.header."+header]); header != "Content-Type" && got != "'"+value+"'" {
				all = append(all, found(id, "header %s must be %s; got %q", header, value, got))
			}
		}
		if body := cfn.Text(r.At("ResponseTemplates/application/json")); strings.Contains(body, "validationErrorString") {
			all = append(all, found(id, "the body must not repeat the request"))
		}
	}
	for _, kind := range responseTypes {
		if !there[kind] {
			all = append(all, found(apiType, "gateway response %s must be the API's own", kind))
		}
	}
	return all
}

func logsAccess(s stack, id string, r cfn.Resource) []Finding {
	if s.Resources[refersTo(r.At("AccessLogSetting/DestinationArn"))].Type != groupType {
		return []Finding{found(id, "AccessLogSetting.DestinationArn must be a log group of the stack: otherwise nobody can tell who did what")}
	}
	return nil
}

// throttlesHold finds settings of single methods that lift what holds for all, and public functions without a throttle.
func throttlesHold(s stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	settings, _ := r.At("MethodSettings").([]any)
	throttled := map[string]bool{}
	for _, member := range settings {
		properties, _ := member.(map[string]any)
		setting := cfn.Resource{Properties: properties}
		path := cfn.Text(setting.At("ResourcePath"))
		throttled[cfn.Text(setting.At("HttpMethod"))+" "+strings.ReplaceAll(strings.Replace(path, "/~1", "~1", 1), "~1", "/")] = true
		for _, limit := range []string{"ThrottlingRateLimit", "ThrottlingBurstLimit"} {
			if n, ok := number(setting.At(limit)); !ok || n < 1 {
				all = append(all, found(id, "%s of %s must be 1 at least", limit, path))
			}
		}
		if cfn.Text(setting.At("DataTraceEnabled")) != "false" || cfn.Text(setting.At("CachingEnabled")) == "true" {
			all = append(all, found(id, "MethodSettings of %s must neither log data nor cache answers", path))
		}
	}
	for _, route := range routes(s.Template) {
		if !route.authorized && route.by != "API Gateway" && !throttled[route.String()] {
			all = append(all, found(id, "%s is public, and must have a throttle of its own", route))
		}
	}
	return all
}

// firewallHolds finds a firewall that guards nothing, or keeps samples, which hold credentials.
func firewallHolds(s stack) []Finding {
	var all []Finding
	for _, id := range s.of("AWS::WAFv2::WebACL") {
		r := s.Resources[id]
		if !slices.ContainsFunc(s.of("AWS::WAFv2::WebACLAssociation"), func(a string) bool {
			return refersTo(s.Resources[a].At("WebACLArn")) == id && strings.Contains(cfn.Text(s.Resources[a].At("ResourceArn")), "/restapis/${")
		}) {
			all = append(all, found(id, "the firewall must be associated with the API"))
		}
		if text := cfn.Text(r.At("Rules")) + cfn.Text(r.At("VisibilityConfig")); strings.Contains(text, `"SampledRequestsEnabled":true`) {
			all = append(all, found(id, "SampledRequestsEnabled must be false: samples hold credentials and mails"))
		}
		rules, _ := r.At("Rules").([]any)
		if !slices.ContainsFunc(rules, boundsAddresses) {
			all = append(all, found(id, "a rule must block addresses (AggregateKeyType IP) that send more than a rate"))
		}
	}
	return all
}

func boundsAddresses(member any) bool {
	properties, _ := member.(map[string]any)
	r := cfn.Resource{Properties: properties}
	return cfn.Text(r.At("Statement/RateBasedStatement/AggregateKeyType")) == "IP" && r.At("Action/Block") != nil &&
		between(10, 2_000_000_000).holds(r.At("Statement/RateBasedStatement/Limit"))
}
