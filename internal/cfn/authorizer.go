package cfn

import "strings"

type authorizerProperties struct {
	AuthorizerResultTtlInSeconds *int
	AuthorizerUri                string
	IdentitySource               string
	RestApiId                    string
	Type                         string

	AuthType inert
	Name     inert
}

func (r *reader) authorizer(id string) {
	var p authorizerProperties
	if !r.properties(id, &p) {
		return
	}
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
			r.fail(p.id, "AuthorizerId", "%q is no authorizer of this template", p.AuthorizerId)
		}
		return &authorizer
	default:
		r.fail(p.id, "AuthorizationType", "%q is not served, only NONE and CUSTOM are", p.AuthorizationType)
		return nil
	}
}
