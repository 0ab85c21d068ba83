package main

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/internal/contract"
)

// pathParameter is a parameter in the path of a route.
var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// links returns what can be called next with what the answer of a route names, by operation: routes of the same resource take
// the id of its answer, or of the first element of its list, and a list takes its own cursor.
// Source: OpenAPI 3.0.3, "Link Object".
func links(route contract.Route, routes []contract.Route) openapi3.Links {
	if route.Response == nil {
		return nil
	}
	all := openapi3.Links{}
	answer := reflect.TypeOf(route.Response)
	if pointer, what := idIn(answer); pointer != "" {
		for _, target := range routes {
			parameters := pathParameter.FindStringSubmatch(target.Path)
			if parameters == nil || resource(target) != resource(route) || target.Name == route.Name {
				continue
			}
			all[target.Name] = link(target, parameters[1], pointer, what)
		}
	}
	if hasMember(answer, "cursor") {
		all[route.Name] = link(route, "cursor", "/cursor", "The next page.")
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// link says that a route takes a member of an answer's body, named by a JSON pointer, as its parameter.
func link(target contract.Route, parameter, pointer, description string) *openapi3.LinkRef {
	return &openapi3.LinkRef{Value: &openapi3.Link{
		OperationID: target.Name,
		Parameters:  map[string]any{parameter: "$response.body#" + pointer},
		Description: description,
	}}
}

// idIn returns the JSON pointer to the id that an answer names, and what it is of. It returns "" if there is none.
func idIn(answer reflect.Type) (pointer, what string) {
	if hasMember(answer, "id") {
		return "/id", "With the answer's id."
	}
	for _, field := range reflect.VisibleFields(answer) {
		if field.Anonymous || field.Type.Kind() != reflect.Slice || field.Type.Elem().Kind() != reflect.Struct {
			continue
		}
		if hasMember(field.Type.Elem(), "id") {
			return "/" + jsonName(field) + "/0/id", "With the id of the list's first."
		}
	}
	return "", ""
}

// hasMember reports whether a struct type, or one that it embeds, has a field that JSON calls name.
func hasMember(structure reflect.Type, name string) bool {
	for _, field := range reflect.VisibleFields(structure) {
		if !field.Anonymous && jsonName(field) == name {
			return true
		}
	}
	return false
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// resource returns the first segment of a route's path.
func resource(route contract.Route) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/"), "/")
	return first
}
