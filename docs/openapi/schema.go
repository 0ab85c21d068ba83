package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/api"
)

// schemas makes the schemas of Go types, one for each type, under its name.
type schemas struct {
	comments comments
	made     openapi3.Schemas
}

// reference refers to the schema of a value's struct type. It adds the schema if it is not there yet.
func (s *schemas) reference(value any) (*openapi3.SchemaRef, error) {
	t := reflect.Indirect(reflect.ValueOf(value)).Type()
	if s.made[t.Name()] == nil {
		if err := s.add(t); err != nil {
			return nil, fmt.Errorf("describing type %s: %w", t.Name(), err)
		}
	}
	return schemaReference(t.Name()), nil
}

func schemaReference(name string) *openapi3.SchemaRef {
	return openapi3.NewSchemaRef("#/components/schemas/"+name, nil)
}

func (s *schemas) add(t reflect.Type) error {
	if s.comments[t.Name()] == "" {
		return fmt.Errorf("it has no doc comment")
	}
	if t.Field(0).Anonymous {
		return s.addChoice(t)
	}
	members, err := s.members(t)
	if err != nil {
		return err
	}
	if t == reflect.TypeFor[api.UploadGrant]() {
		return s.addGrants(t, members)
	}
	schema := object(s.comments[t.Name()], members)
	if bound := bounds[t.Name()]; bound != nil {
		bound(schema)
	}
	s.made[t.Name()] = schema.NewRef()
	return s.addExample(t.Name(), t)
}

// A member is a struct field as JSON names it.
type member struct {
	name     string
	required bool
	schema   *openapi3.Schema
}

func (s *schemas) members(t reflect.Type) ([]member, error) {
	members := make([]member, t.NumField())
	for i := range members {
		var err error
		if members[i], err = s.member(t, i); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// member describes the field of a struct type at an index.
func (s *schemas) member(t reflect.Type, index int) (member, error) {
	field := t.Field(index)
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" || name == "-" {
		return member{}, fmt.Errorf("field %s has no name in JSON", field.Name)
	}
	schema, err := s.fieldSchema(field.Type)
	if err != nil {
		return member{}, fmt.Errorf("describing field %s: %w", field.Name, err)
	}
	comment, ok := strings.CutPrefix(s.comments[t.Name()+"."+field.Name], field.Name+" ")
	if !ok {
		return member{}, fmt.Errorf("field %s has no doc comment that begins with its name", field.Name)
	}
	schema.Description = name + " " + comment
	if bound := bounds[t.Name()+"."+name]; bound != nil {
		bound(schema)
	}
	return member{name, options != "omitempty", schema}, nil
}

// fieldSchema returns the schema of a field's type, as encoding/json writes it.
func (s *schemas) fieldSchema(t reflect.Type) (*openapi3.Schema, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[string](), reflect.TypeFor[api.Code]():
		return openapi3.NewStringSchema(), nil
	case reflect.TypeFor[int64]():
		return openapi3.NewInt64Schema(), nil
	case reflect.TypeFor[api.Time]():
		return openapi3.NewDateTimeSchema().WithPattern(`:[0-9]{2}\.[0-9]{3}Z$`), nil
	case reflect.TypeFor[map[string]string]():
		return openapi3.NewObjectSchema().WithAdditionalProperties(openapi3.NewStringSchema()), nil
	case reflect.TypeFor[[]string](), reflect.TypeFor[[]api.Right]():
		return openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()), nil
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		items, err := s.reference(reflect.Zero(t.Elem()).Interface())
		schema := openapi3.NewArraySchema()
		schema.Items = items
		return schema, err
	}
	if t.Kind() == reflect.Struct {
		whole, err := s.reference(reflect.Zero(t).Interface())
		schema := openapi3.NewSchema()
		schema.AllOf = openapi3.SchemaRefs{whole} // a reference has no description of its own
		return schema, err
	}
	return nil, fmt.Errorf("type %s is not known: must be string, int64, api.Time, map[string]string, a struct, or a slice of strings or structs", t)
}

// object returns the schema of an object with these members and no others.
func object(description string, members []member) *openapi3.Schema {
	schema := openapi3.NewObjectSchema().WithoutAdditionalProperties()
	schema.Description = description
	for _, m := range members {
		schema.WithProperty(m.name, m.schema)
		if m.required {
			schema.Required = append(schema.Required, m.name)
		}
	}
	return schema
}

// addChoice adds the schema of a type of which one field is set: an embedded one with all its members, or another as the only
// member.
func (s *schemas) addChoice(t reflect.Type) error {
	choice := openapi3.NewSchema()
	choice.Description = s.comments[t.Name()]
	for i := range t.NumField() {
		if embedded := t.Field(i); embedded.Anonymous {
			shape, err := s.reference(reflect.Zero(embedded.Type.Elem()).Interface())
			if err != nil {
				return err
			}
			choice.OneOf = append(choice.OneOf, shape)
			continue
		}
		m, err := s.member(t, i)
		if err != nil {
			return err
		}
		m.required = true
		choice.OneOf = append(choice.OneOf, object(m.schema.Description, []member{m}).NewRef())
	}
	s.made[t.Name()] = choice.NewRef()
	return s.addExample(t.Name(), t)
}

// addExample adds the example of a type to its schema.
func (s *schemas) addExample(name string, t reflect.Type) error {
	i := slices.IndexFunc(examples, func(e example) bool { return e.schema == name && reflect.TypeOf(e.value) == t })
	if i < 0 {
		return fmt.Errorf("schema %s has no example", name)
	}
	s.made[name].Value.Example = examples[i].value
	return nil
}

// A variant describes an UploadGrant of one method.
type variant struct {
	schema      string
	description string
	members     []string // besides those that every grant has
}

// variants lists the grants by method.
var variants = map[string]variant{
	api.MethodPost:      {"UploadGrantPost", "A form: the file is sent by one POST, as multipart/form-data.", []string{"url", "fields"}},
	api.MethodPut:       {"UploadGrantPut", "A request: the file is sent by one PUT with these headers.", []string{"url", "headers"}},
	api.MethodMultipart: {"UploadGrantMultipart", "A plan: the file is sent in parts.", []string{"partSize", "partCount", "create"}},
}

// addGrants adds a schema for each method, and the type's own, which chooses among them by method.
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

// choose returns the members of a grant with the method. All are required.
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
