package main

import (
	"fmt"
	"reflect"
	"slices"

	"postern/api"

	"github.com/getkin/kin-openapi/openapi3"
)

// A variant is what an UploadGrant looks like with one method.
type variant struct {
	schema      string
	description string
	members     []string // besides those of every grant
}

// variants are the grants by their method.
var variants = map[string]variant{
	api.MethodPost:      {"UploadGrantPost", "A form: the file is sent by one POST, as multipart/form-data.", []string{"url", "fields"}},
	api.MethodPut:       {"UploadGrantPut", "A request: the file is sent by one PUT with these headers.", []string{"url", "headers"}},
	api.MethodMultipart: {"UploadGrantMultipart", "A plan: the file is sent in parts.", []string{"partSize", "partCount"}},
}

// addGrants makes one schema for each method, and the type's own, which chooses among them by the method.
func (s *schemas) addGrants(t reflect.Type, members []member) error {
	choice := openapi3.NewSchema()
	choice.Description = s.comments[t.Name()]
	choice.Discriminator = &openapi3.Discriminator{PropertyName: "method", Mapping: map[string]openapi3.MappingRef{}}
	for _, method := range api.Methods {
		v, ok := variants[method]
		if !ok {
			return fmt.Errorf("method %s has no schema", method)
		}
		s.made[v.schema] = object(v.description, v.choose(method, members)).NewRef()
		if err := s.addExample(v.schema, t); err != nil {
			return err
		}
		choice.OneOf = append(choice.OneOf, schemaReference(v.schema))
		choice.Discriminator.Mapping[method] = openapi3.MappingRef(*schemaReference(v.schema))
	}
	s.made[t.Name()] = choice.NewRef()
	return nil
}

// choose are the members that a grant with a method has; it has all of them.
func (v variant) choose(method string, members []member) []member {
	var chosen []member
	for _, m := range members {
		switch {
		case m.name == "method":
			narrowed := *m.schema
			m.schema = narrowed.WithEnum(method)
		case !m.required && !slices.Contains(v.members, m.name):
			continue
		}
		m.required = true
		chosen = append(chosen, m)
	}
	return chosen
}
