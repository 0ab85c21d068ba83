package contract

import "postern/api"

// A Route is one method of one resource of the REST API. Infra makes the resource, the method, its validator and its
// permissions of it. A function dispatches on Path and Method.
type Route struct {
	Method string // HTTP method, upper case
	Path   string // below BasePath, with API Gateway's {name} for a path parameter

	// Function answers the route. If empty, API Gateway answers 200 with Answer by itself.
	Function Function
	// Answer is the JSON body of a route without a function.
	Answer string

	// Name is what a program would call the route: a verb and a noun, in camel case. Generated clients have methods of it.
	Name string
	// Summary says what the route does, in one line.
	Summary string
	// Status is the HTTP status of a success. Default: 200.
	Status int
	// Request is the zero value of the body's type. Default: nil, the route reads no body.
	Request any
	// Contents are the media types of an answer that is a file. Default: none, the answer is JSON of the type of Response.
	Contents []string
	// Response is the zero value of the answer's type. If nil and Contents is empty, the answer has no body, and Status is 204 or Method is HEAD.
	Response any
	// Conditional routes read the header If-Match: RFC 9110, section 13.1.1.
	Conditional bool

	// Public routes have no authorizer. The zero value is the safe one: every other route has it.
	Public bool
	// Right is what a caller needs whose rights are limited. Default: none, only callers with every right may use the route.
	Right api.Right
	// Guests may use the route, by a link. Default: they may not.
	Guests bool

	// Query lists the query parameters that the route knows. The function refuses any that is not listed here.
	Query []QueryParameter
	// NamesUser is whether a request must name the user whom it acts for, by mail or subject. Default: it may leave both out.
	NamesUser bool
}

// A QueryParameter is a parameter of a route's query. None is required by itself.
type QueryParameter struct {
	Name string
}

// Paths of the site's routes.
const (
	PagePath     = "/"
	AssetPath    = "/assets/{file}"
	DocumentPath = "/openapi.json"
)

// Routes is the route table.
var Routes = []Route{
	{
		Method:   "GET",
		Path:     "/presignedurl",
		Function: Presign,
		Right:    api.RightUpload,
		Name:     "getPresignedForm",
		Summary:  "Get a form that uploads one file of up to 5 GiB",
		Response: api.PresignedForm{},
		Query: []QueryParameter{
			{Name: "mail"},
			{Name: "subject"},
			{Name: "filename"},
			{Name: "type"},
		},
		NamesUser: true,
	},
	{
		Method:   "POST",
		Path:     "/uploads",
		Function: Presign,
		Right:    api.RightUpload,
		Guests:   true,
		Name:     "createUpload",
		Summary:  "Declare a file, or up to 100, and get what uploads each: a form, a signed PUT, or a plan for a multipart upload",
		Status:   201,
		Request:  api.UploadOrBatch{},
		Response: api.GrantOrGrants{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "POST",
		Path:     "/uploads/{id}/parts",
		Function: Presign,
		Right:    api.RightUpload,
		Guests:   true,
		Name:     "signParts",
		Summary:  "Sign parts of a multipart upload",
		Request:  api.PartsRequest{},
		Response: api.PartsGrant{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "POST",
		Path:     "/uploads/{id}/parts/list",
		Function: Presign,
		Right:    api.RightUpload,
		Guests:   true,
		Name:     "signPartsList",
		Summary:  "Sign a list of the parts that S3 has of a multipart upload",
		Request:  api.PartsListRequest{},
		Response: api.PartsListGrant{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "POST",
		Path:     "/uploads/{id}/complete",
		Function: Presign,
		Right:    api.RightUpload,
		Guests:   true,
		Name:     "signCompletion",
		Summary:  "Sign the completion of a multipart upload",
		Request:  api.CompleteRequest{},
		Response: api.CompleteGrant{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "GET",
		Path:     "/uploads",
		Function: Manage,
		Right:    api.RightRead,
		Name:     "listUploads",
		Summary:  "List the owner's uploads, the newest first",
		Response: api.UploadList{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}, {Name: "limit"}, {Name: "cursor"}, {Name: "status"}, {Name: "context"}},
	},
	{
		Method:   "GET",
		Path:     "/uploads/{id}",
		Function: Manage,
		Right:    api.RightRead,
		Guests:   true,
		Name:     "getUpload",
		Summary:  "Learn what became of an upload",
		Response: api.Upload{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:      "PATCH",
		Path:        "/uploads/{id}",
		Function:    Manage,
		Right:       api.RightUpload,
		Name:        "describeUpload",
		Summary:     "Change an upload's title, description or labels",
		Request:     api.UploadPatch{},
		Response:    api.Upload{},
		Conditional: true,
		Query:       []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "DELETE",
		Path:     "/uploads/{id}",
		Function: Manage,
		Right:    api.RightDelete,
		Name:     "deleteUpload",
		Summary:  "Delete an upload: its bytes, every version of them, and its record",
		Status:   204,
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "GET",
		Path:     "/uploads/{id}/download",
		Function: Manage,
		Right:    api.RightRead,
		Name:     "getDownload",
		Summary:  "Get a URL that downloads an upload which is ready",
		Response: api.Download{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}, {Name: "disposition"}, {Name: "expires"}},
	},
	{
		Method:   "GET",
		Path:     "/usage",
		Function: Manage,
		Right:    api.RightRead,
		Name:     "getUsage",
		Summary:  "Learn how much the owner stores, and may store",
		Response: api.Usage{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "POST",
		Path:     "/keys",
		Function: Manage,
		Name:     "createKey",
		Summary:  "Make a key for a script, which is shown this once",
		Status:   201,
		Request:  api.ScriptKeyRequest{},
		Response: api.ScriptKey{},
	},
	{
		Method:   "GET",
		Path:     "/keys",
		Function: Manage,
		Name:     "listKeys",
		Summary:  "List the caller's keys for scripts",
		Response: api.ScriptKeyList{},
	},
	{
		Method:   "DELETE",
		Path:     "/keys/{keyId}",
		Function: Manage,
		Name:     "revokeKey",
		Summary:  "Revoke a key for scripts, within 60 seconds",
		Status:   204,
	},
	{
		Method:   "POST",
		Path:     "/links",
		Function: Presign,
		Right:    api.RightLink,
		Name:     "createLink",
		Summary:  "Make a link by which somebody without an account uploads for the owner",
		Status:   201,
		Request:  api.LinkRequest{},
		Response: api.Link{},
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "DELETE",
		Path:     "/links",
		Function: Manage,
		Right:    api.RightLink,
		Name:     "revokeLinks",
		Summary:  "Revoke every link of the owner that was made until now, within 60 seconds",
		Status:   204,
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "DELETE",
		Path:     "/links/{linkId}",
		Function: Manage,
		Right:    api.RightLink,
		Name:     "revokeLink",
		Summary:  "Revoke a link for guests, within 60 seconds",
		Status:   204,
		Query:    []QueryParameter{{Name: "mail"}, {Name: "subject"}},
	},
	{
		Method:   "GET",
		Path:     "/link",
		Function: Presign,
		Guests:   true,
		Name:     "getLink",
		Summary:  "Learn what a link allows, as the guest who holds it",
		Response: api.GuestLink{},
	},
	{
		Method:   "GET",
		Path:     PagePath,
		Function: Site,
		Public:   true,
		Name:     "getPage",
		Summary:  "Get the page: upload and manage files in a browser",
		Contents: []string{"text/html"},
	},
	{
		Method:   "GET",
		Path:     AssetPath,
		Function: Site,
		Public:   true,
		Name:     "getAsset",
		Summary:  "Get a file of the page, or the client module postern.js",
		Contents: []string{"text/javascript", "text/css", "image/svg+xml", "text/plain"},
	},
	{
		Method:   "GET",
		Path:     DocumentPath,
		Function: Site,
		Public:   true,
		Name:     "getDocument",
		Summary:  "Get the OpenAPI document of this API",
		Contents: []string{"application/json"},
	},
	{
		Method:   "GET",
		Path:     "/health",
		Public:   true,
		Name:     "getHealth",
		Summary:  "Learn whether the API answers",
		Answer:   `{"status":"ok"}`,
		Response: api.Health{},
	},
	{
		Method:  "HEAD",
		Path:    "/health",
		Public:  true,
		Name:    "headHealth",
		Summary: "Learn whether the API answers, as monitors ask",
		Answer:  `{"status":"ok"}`, // of which HTTP sends the headers
	},
}

// RouteOf finds the route of an API Gateway event: resource is the event's resource path, method its HTTP method. It
// reports false if there is none.
func RouteOf(resource, method string) (Route, bool) {
	for _, r := range Routes {
		if r.Path == resource && r.Method == method {
			return r, true
		}
	}
	return Route{}, false
}
