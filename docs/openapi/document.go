package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/api"
	"postern/internal/contract"
)

// contentType is the content type of every body.
const contentType = "application/json"

// Names of the security schemes.
const (
	basic     = "basic"
	bearer    = "bearer"
	scriptKey = "scriptKey"
	guestLink = "guestLink"
)

// summary introduces the API.
const summary = "Postern signs uploads into a private S3 bucket: the API says where and with which fields or headers a file is sent, " +
	"and S3 holds the client to it. Every error has the body ErrorBody. A route that is not in this document answers 404 with the code not_found."

// describe returns the document of the routes, with the doc comments of their types.
func describe(routes []contract.Route, comments comments) (*openapi3.T, error) {
	types := &schemas{comments: comments, made: openapi3.Schemas{}}
	body, err := types.reference(api.ErrorBody{})
	if err != nil {
		return nil, err
	}
	paths := openapi3.NewPaths()
	for _, route := range routes {
		operation, err := types.operation(route, routes)
		if err != nil {
			return nil, fmt.Errorf("describing route %s %s: %w", route.Method, route.Path, err)
		}
		if paths.Value(route.Path) == nil {
			paths.Set(route.Path, &openapi3.PathItem{})
		}
		paths.Value(route.Path).SetOperation(route.Method, operation)
	}
	responses := openapi3.ResponseBodies{}
	for _, f := range failures {
		responses[f.name()] = &openapi3.ResponseRef{Value: f.response(body)}
	}
	return &openapi3.T{
		OpenAPI: "3.0.3",
		Info: &openapi3.Info{
			Title: "Postern", Version: "1", Description: summary,
			License: &openapi3.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"},
		},
		Servers: servers(),
		Security: openapi3.SecurityRequirements{
			openapi3.NewSecurityRequirement().Authenticate(basic), openapi3.NewSecurityRequirement().Authenticate(bearer),
			openapi3.NewSecurityRequirement().Authenticate(scriptKey),
		},
		Paths: paths,
		Components: &openapi3.Components{
			Schemas:   types.made,
			Responses: responses,
			SecuritySchemes: openapi3.SecuritySchemes{
				basic: {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("basic").
					WithDescription("RFC 7617, in UTF-8: the user is a mail address.")},
				bearer: {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer").WithBearerFormat("JWT").
					WithDescription("RFC 6750: a token of an OpenID Provider that the stage trusts.")},
				guestLink: {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer").
					WithDescription("A link for guests, which POST /links has made: pstl_ and what follows.")},
				scriptKey: {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer").
					WithDescription("A key for scripts, which POST /keys has made. Its rights are limited: x-right tells what a route needs.")},
			},
		},
	}, nil
}

// servers returns where the API can be: a deployed stage, at API Gateway's own host or at a domain, and the local run.
func servers() openapi3.Servers {
	return openapi3.Servers{
		{
			URL:         "https://{api}.execute-api.{region}.amazonaws.com/" + contract.BasePath,
			Description: "A deployed stage: the stack's output ApiUrl.",
			Variables: map[string]*openapi3.ServerVariable{
				"api":    {Default: "abcdef1234", Description: "The id of the REST API."},
				"region": {Default: "eu-west-1", Description: "The AWS region of the stage."},
			},
		},
		{
			URL:         "https://{domain}/" + contract.BasePath,
			Description: "A deployed stage with a domain of its own: the stack's output ApiUrl.",
			Variables:   map[string]*openapi3.ServerVariable{"domain": {Default: "uploads.example.com", Description: "The stage's domain."}},
		},
		{
			URL:         "http://127.0.0.1:{port}/" + contract.BasePath,
			Description: "The local run.",
			Variables:   map[string]*openapi3.ServerVariable{"port": {Default: "8080", Description: "The local run's PORT."}},
		},
	}
}

// operation describes one of the routes.
func (s *schemas) operation(route contract.Route, routes []contract.Route) (*openapi3.Operation, error) {
	parameters, err := routeParameters(route)
	if err != nil {
		return nil, err
	}
	operation := &openapi3.Operation{
		OperationID: route.Name,
		Tags:        []string{tag(route)},
		Summary:     route.Summary,
		Parameters:  parameters,
		Responses:   openapi3.NewResponses(),
	}
	if route.Public {
		operation.Security = openapi3.NewSecurityRequirements()
	} else {
		operation.Description = rightNeeded(route)
		operation.Security = security(route)
		operation.Extensions = map[string]any{rightExtension: string(route.Right)}
	}
	if route.Request != nil {
		request, err := s.reference(route.Request)
		if err != nil {
			return nil, err
		}
		body := openapi3.NewRequestBody().WithRequired(true).WithContent(content(request))
		operation.RequestBody = &openapi3.RequestBodyRef{Value: body}
	}
	answer, err := s.answer(route)
	if err != nil {
		return nil, err
	}
	answer.Links = links(route, routes)
	operation.Responses.Set(fmt.Sprint(cmp.Or(route.Status, http.StatusOK)), &openapi3.ResponseRef{Value: answer})
	if len(route.Contents) > 0 {
		unchanged := openapi3.NewResponse().WithDescription("The file has the ETag that If-None-Match names.")
		operation.Responses.Set(fmt.Sprint(http.StatusNotModified), &openapi3.ResponseRef{Value: unchanged})
	}
	for _, f := range failures {
		if f.appliesTo(route) {
			operation.Responses.Set(fmt.Sprint(f.status), &openapi3.ResponseRef{Ref: "#/components/responses/" + f.name()})
		}
	}
	return operation, nil
}

// security returns with what a route is called that is not for users and keys alike, and nil for one that is.
func security(route contract.Route) *openapi3.SecurityRequirements {
	var schemes []string
	switch {
	case route.Guests && route.Right == "":
		schemes = []string{guestLink}
	case route.Guests:
		schemes = []string{basic, bearer, scriptKey, guestLink}
	case route.Right == "":
		schemes = []string{basic, bearer}
	default:
		return nil
	}
	all := openapi3.NewSecurityRequirements()
	for _, scheme := range schemes {
		all.With(openapi3.NewSecurityRequirement().Authenticate(scheme))
	}
	return all
}

// rightExtension is the member of an operation that names the right that the route needs. It is empty if the route needs all.
const rightExtension = "x-right"

// rightNeeded says what a caller needs whose rights are limited.
func rightNeeded(route contract.Route) string {
	if route.Right == "" && route.Guests {
		return "Only a guest, who calls with a link, may ask for this."
	}
	if route.Right == "" {
		return "Only a caller whose rights are not limited may ask for this."
	}
	return fmt.Sprintf("A caller whose rights are limited needs the right `%s`.", route.Right)
}

// answer describes the success of a route.
func (s *schemas) answer(route contract.Route) (*openapi3.Response, error) {
	if len(route.Contents) > 0 {
		return openapi3.NewResponse().WithDescription("The file.").WithContent(files(route.Contents)), nil
	}
	if route.Response == nil {
		return openapi3.NewResponse().WithDescription("It is done. The answer has no body."), nil
	}
	schema, err := s.reference(route.Response)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(schema.Ref, schemaReference("").Ref)
	return openapi3.NewResponse().WithDescription(s.comments[name]).WithContent(content(schema)), nil
}

// files describes an answer that is a file of one of the media types.
func files(mediaTypes []string) openapi3.Content {
	all := openapi3.Content{}
	for _, mediaType := range mediaTypes {
		schema := openapi3.NewStringSchema()
		if mediaType == contentType {
			schema = openapi3.NewObjectSchema()
		}
		all[mediaType] = openapi3.NewMediaType().WithSchema(schema)
	}
	return all
}

func content(schema *openapi3.SchemaRef) openapi3.Content {
	return openapi3.NewContentWithSchemaRef(schema, []string{contentType})
}

// tag says for whom a route is, as generated references group them.
func tag(route contract.Route) string {
	switch route.Function {
	case contract.Presign:
		return "upload"
	case contract.Manage:
		return "manage"
	case contract.Site:
		return "site"
	default:
		return "health"
	}
}
