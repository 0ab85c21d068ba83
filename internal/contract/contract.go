// Package contract holds what the template (infra) and the functions (lambda) must agree on: the routes, each
// function's environment, the format table and the layout of object keys. Infra writes it into the template, the
// functions read it from there, and neither can drift from the other. It imports the standard library only.
package contract

// BasePath is the path below which every route is served: the name of API Gateway's deployment stage, without the
// leading slash.
const BasePath = "api"

// A Function is the name of a deployed function: its folder below lambda/, and below dist/linux_arm64/ and dist/host/.
type Function string

// The deployed functions.
const (
	Authorizer Function = "authorizer"
	Presign    Function = "presign"
	Manage     Function = "manage"
	Inspect    Function = "inspect"
)

// Functions are all deployed functions, in the order of the template.
var Functions = []Function{Authorizer, Presign, Manage, Inspect}
