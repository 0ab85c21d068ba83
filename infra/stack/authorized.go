package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"postern/internal/contract"
)

// authorizedMethods fails the synthesis of a stack with a method that anybody could call, unless it is a preflight or
// the contract says that it is public.
type authorizedMethods struct {
	stack awscdk.Stack
}

// Validate implements constructs.IValidation: an error text for each open method.
func (a *authorizedMethods) Validate() *[]*string {
	paths := map[string]string{} // by resource id, which is a token
	var methods []awsapigateway.CfnMethod
	for _, node := range *a.stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch resource := node.(type) {
		case awsapigateway.Resource:
			paths[*resource.ResourceId()] = *resource.Path()
		case awsapigateway.CfnMethod:
			methods = append(methods, resource)
		}
	}
	open := []*string{}
	for _, method := range methods {
		if isOpen(method, paths[*method.ResourceId()]) {
			open = append(open, jsii.Sprintf("%s has no authorizer, and the route table does not say that it is public", *method.Node().Path()))
		}
	}
	return &open
}

// isOpen reports whether a method lacks the authorizer that it needs.
func isOpen(method awsapigateway.CfnMethod, path string) bool {
	name, kind := *method.HttpMethod(), method.AuthorizationType()
	if name == "OPTIONS" {
		return false
	}
	route, known := contract.RouteOf(path, name)
	authorized := kind != nil && *kind == string(awsapigateway.AuthorizationType_CUSTOM) && method.AuthorizerId() != nil
	return !authorized && (!known || !route.Public)
}
