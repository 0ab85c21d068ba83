package review

import (
	"slices"

	"postern/internal/cfn"
)

const (
	domainType  = "AWS::ApiGateway::DomainName"
	mappingType = "AWS::ApiGateway::BasePathMapping"
)

var domainRules = []rule{
	{"domain", "TestDomain", eachChosen(domainType, domainHolds)},
	{"default host", "TestDomain", eachChosen(apiType, hostIsOffWithADomain)},
}

// domainProperties are those of the API itself: a domain must not be the weaker way in.
var domainProperties = []property{
	{path: "SecurityPolicy", must: is("SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"), why: "API Gateway would take TLS that is older or not safe from quantum computers"},
	{path: "EndpointAccessMode", must: is("STRICT"), why: "a request's SNI and Host could differ"},
	{path: "EndpointConfiguration/Types/0", must: is("REGIONAL"), why: "AWS WAF and latency are those of a region"},
}

// domainHolds finds a domain that is weaker than the API's own host, or leads elsewhere.
func domainHolds(s stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	for _, p := range domainProperties {
		all = append(all, p.find(s, id, r)...)
	}
	if !slices.ContainsFunc(s.of(mappingType), func(m string) bool { return s.leads(s.Resources[m], id) }) {
		all = append(all, found(id, "the domain must lead to the API's stage, at the base path api: otherwise its address is not the output ApiUrl"))
	}
	return all
}

func (s stack) leads(mapping cfn.Resource, domain string) bool {
	return refersTo(mapping.At("DomainName")) == domain && cfn.Text(mapping.At("BasePath")) == "api" &&
		s.Resources[refersTo(mapping.At("RestApiId"))].Type == apiType && s.Resources[refersTo(mapping.At("Stage"))].Type == stageType
}

// hostIsOffWithADomain finds an API that is switched off without a domain that leads to it.
func hostIsOffWithADomain(s stack, id string, r cfn.Resource) []Finding {
	if isHostOff(r) && len(s.of(domainType)) == 0 {
		return []Finding{found(id, "DisableExecuteApiEndpoint must not be set without a domain: nobody could reach the API")}
	}
	return nil
}
