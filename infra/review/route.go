package review

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// A route is a method of a resource of the API.
type route struct {
	id           string // logical id of the method
	method, path string
	by           string // the function that answers, or "API Gateway"
	authorized   bool
}

func (r route) String() string { return r.method + " " + r.path }

var integrated = regexp.MustCompile(`/functions/\$\{(\w+)\.Arn\}/invocations$`)

// routes returns the API's methods, sorted by path.
func routes(t *cfn.Template) []route {
	var all []route
	for _, id := range idsOf(t, methodType) {
		m := t.Resources[id]
		r := route{id: id, method: cfn.Text(m.At("HttpMethod")), path: pathOf(t, m.At("ResourceId"), 0), by: "API Gateway"}
		if match := integrated.FindStringSubmatch(cfn.Text(m.At("Integration/Uri"))); match != nil {
			r.by = name(match[1])
		}
		authorizer := t.Resources[refersTo(m.At("AuthorizerId"))]
		r.authorized = cfn.Text(m.At("AuthorizationType")) == "CUSTOM" && authorizer.Type == authorizerType
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b route) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method)) })
	return all
}

// pathOf returns the path of an API's resource. depth ends a cycle, which CloudFormation refuses.
func pathOf(t *cfn.Template, resource any, depth int) string {
	r, ok := t.Resources[refersTo(resource)]
	if !ok || r.Type != "AWS::ApiGateway::Resource" || depth > 20 {
		return "/"
	}
	return strings.TrimSuffix(pathOf(t, r.At("ParentId"), depth+1), "/") + "/" + cfn.Text(r.At("PathPart"))
}
