package cfn

import "postern/internal/cfn/wildcard"

type permissionProperties struct {
	function string // logical id

	Action       string
	FunctionName string
	Principal    string
	SourceArn    string
}

func (r *reader) permission(id string) {
	var p permissionProperties
	if !r.properties(id, &p) {
		return
	}
	function, ok := r.find("AWS::Lambda::Function", p.FunctionName)
	if !ok {
		r.fail(id, "FunctionName", "%q is no function of this template", p.FunctionName)
	}
	p.function = function
	r.parts.permissions = append(r.parts.permissions, p)
}

// mustBePermitted holds what is to invoke a function to the function's permissions: without one, API Gateway answers
// 500 on AWS.
func (r *reader) mustBePermitted(id, path, function, source string) {
	if function == "" {
		return
	}
	for _, p := range r.parts.permissions {
		// A permission without a source holds for any.
		allowed := p.SourceArn == "" || wildcard.Match(p.SourceArn, source)
		if p.function == function && p.Action == "lambda:InvokeFunction" && p.Principal == "apigateway.amazonaws.com" && allowed {
			return
		}
	}
	r.fail(id, path, "no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke %s from %s", function, source)
}
