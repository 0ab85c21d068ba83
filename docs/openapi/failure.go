package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/api"
	"postern/internal/contract"
)

// A failure is a status and a code of an error, with an example of its message.
type failure struct {
	status      int
	code        api.Code
	message     string
	description string
	// appliesTo reports whether a route can fail so.
	appliesTo func(contract.Route) bool
}

// failures lists the errors of the functions and of API Gateway.
var failures = []failure{
	{
		http.StatusBadRequest, api.InvalidRequest, `query parameter "acl" is not known: must be one of mail, subject, filename, type`,
		"Something of the request is missing, malformed, unknown or given twice. The message names it, its value and what is allowed.",
		isParsed,
	},
	{
		http.StatusUnauthorized, api.Unauthorized, "Unauthorized",
		"The credentials are missing or wrong.", isAuthorized,
	},
	{
		http.StatusForbidden, api.Forbidden, "you may not act for another's mail",
		"The caller may not do this, such as act for another's mail, upload when the quota is used up, use a route that its rights leave out, or guess passwords.", isAuthorized,
	},
	{
		http.StatusNotFound, api.NotFound, "no such upload",
		"The owner has no key, or no upload, of this id: it is malformed, or another's, or deleted, or too old for its bytes still to arrive.",
		namesSomething,
	},
	{
		http.StatusConflict, api.Conflict, "the upload is waiting: must be ready",
		"The upload is not as far as the request needs it to be: not inspected yet, or not ready. Or a key is one too many, or another was changed at the same time.", canConflict,
	},
	{
		http.StatusPreconditionFailed, api.PreconditionFailed, `If-Match "2" is not the upload's version: must be "3"`,
		"The upload has another version than If-Match wants. Nothing is changed.", isConditional,
	},
	{
		http.StatusRequestEntityTooLarge, api.PayloadTooLarge, "body has 600000 bytes: must have at most 524288",
		"The body, or the file that it declares, is larger than is allowed.", hasBody,
	},
	{
		http.StatusUnsupportedMediaType, api.UnsupportedMediaType, `type "text/html" is not supported: must be one of image/png, video/mp4`,
		"The stage has no format of this extension or content type, or the two do not fit, or a body is not sent as JSON.",
		hasFormat,
	},
	{
		http.StatusTooManyRequests, api.TooManyRequests, "too many requests: wait a second",
		"There are too many requests at present, of all callers or of this one: the same may be sent again after Retry-After.", isAny,
	},
	{
		http.StatusInternalServerError, api.InternalError, "internal error",
		"Something failed that is not the caller's fault.", isAny,
	},
	{
		http.StatusBadGateway, api.InternalError, "internal error",
		"A function failed.", hasFunction,
	},
	{
		http.StatusServiceUnavailable, api.InternalError, "who calls cannot be checked now: try again later",
		"Nobody can tell at present who calls: the same may be sent again after Retry-After.", isAuthorized,
	},
	{
		http.StatusGatewayTimeout, api.InternalError, "internal error",
		"A function did not answer within 29 seconds.", hasFunction,
	},
}

func isAny(contract.Route) bool            { return true }
func isAuthorized(r contract.Route) bool   { return !r.Public }
func hasFunction(r contract.Route) bool    { return r.Function != "" }
func hasBody(r contract.Route) bool        { return r.Request != nil }
func isConditional(r contract.Route) bool  { return r.Conditional }
func namesSomething(r contract.Route) bool { return len(pathParameters(r)) > 0 }

// isParsed reports whether a route refuses what it does not understand.
func isParsed(r contract.Route) bool { return hasFunction(r) && r.Function != contract.Site }

// hasFormat reports whether a route takes JSON or the format of a file.
func hasFormat(r contract.Route) bool {
	return hasBody(r) || slices.ContainsFunc(r.Query, func(q contract.QueryParameter) bool { return q.Name == "type" })
}

// canConflict reports whether a route works only on what has arrived, or changes a key.
func canConflict(r contract.Route) bool {
	return needsArrival(r) || strings.HasPrefix(r.Path, "/keys") && r.Method != http.MethodGet
}

// needsArrival reports whether a route works only on what has arrived.
func needsArrival(r contract.Route) bool {
	_, isDownload := r.Response.(api.Download)
	return isDownload || r.Conditional
}

// name names the failure's response in the document's components.
func (f failure) name() string {
	return strings.ReplaceAll(http.StatusText(f.status), " ", "")
}

// response describes the failure. body is the schema of every error's body.
func (f failure) response(body *openapi3.SchemaRef) *openapi3.Response {
	code := openapi3.NewObjectSchema().WithProperty("code", openapi3.NewStringSchema().WithEnum(f.code))
	media := openapi3.NewMediaType().WithSchema(&openapi3.Schema{AllOf: openapi3.SchemaRefs{body, code.NewRef()}})
	media.Example = api.ErrorBody{Message: f.message, Code: f.code, RequestID: exampleRequestID}
	response := openapi3.NewResponse().WithDescription(f.description).WithContent(openapi3.Content{contentType: media})
	if f.status == http.StatusUnauthorized {
		response.Headers = openapi3.Headers{"WWW-Authenticate": challenge()}
	}
	if seconds := retries[f.status]; seconds > 0 {
		response.Headers = openapi3.Headers{"Retry-After": retryAfter(seconds)}
	}
	return response
}

// retries are the statuses that say when to try again, with an example of after how many seconds.
var retries = map[int]int{http.StatusTooManyRequests: 1, http.StatusServiceUnavailable: 10}

// retryAfter describes the header Retry-After (RFC 9110, section 10.2.3).
func retryAfter(seconds int) *openapi3.HeaderRef {
	header := &openapi3.Header{}
	header.Description = "How many seconds to wait."
	header.Required = true
	header.Schema = openapi3.NewIntegerSchema().WithMin(1).NewRef()
	header.Example = seconds
	return &openapi3.HeaderRef{Value: header}
}

// challenge describes the header WWW-Authenticate (RFC 9110, section 11.6.1) with the schemes of RFC 7617 and RFC 6750.
func challenge() *openapi3.HeaderRef {
	header := &openapi3.Header{}
	header.Description = "The schemes that the API takes."
	header.Required = true
	header.Schema = openapi3.NewStringSchema().WithPattern("^(Basic|Bearer) ").NewRef()
	header.Example = `Basic realm="postern", charset="UTF-8"`
	return &openapi3.HeaderRef{Value: header}
}
