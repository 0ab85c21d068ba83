// Package contract holds what the template (infra) and the functions (lambda) must agree on: the routes, each function's
// environment, the format table and the layout of object keys. Infra writes it into the template and the functions read
// it from there, so that they cannot drift apart. It imports the standard library and package api only.
package contract

import "strconv"

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
	Site       Function = "site"
)

// Functions lists the deployed functions in the order of the template.
var Functions = []Function{Authorizer, Presign, Manage, Inspect, Site}

// SiteFolder is where the site's files lie, in the folder of its function.
const SiteFolder = "assets"

// Headers are the headers of every answer of the API, a function's or API Gateway's own. Any origin may read an answer,
// because there are no cookies. Nothing may store or reinterpret it.
var Headers = map[string]string{
	"Access-Control-Allow-Origin": "*",
	"Cache-Control":               "no-store",
	"Content-Type":                "application/json",
	"Referrer-Policy":             "no-referrer",
	"Strict-Transport-Security":   "max-age=63072000",
	"X-Content-Type-Options":      "nosniff",
}

// RetryHeaders returns the headers that an answer of too many requests has besides Headers: in how many seconds the caller
// may try again, and that a page may read so.
// Source: RFC 9110, section 10.2.3.
func RetryHeaders(seconds int) map[string]string {
	return map[string]string{"Retry-After": strconv.Itoa(seconds), "Access-Control-Expose-Headers": "Retry-After"}
}
