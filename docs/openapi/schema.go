package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"postern/api"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemas makes the schemas of Go types, each once, under the type's name.
type schemas struct {
	comments comments
	made     openapi3.Schemas
}

// reference is a reference to the schema of a value's struct type, which it makes when it has to.
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

// A member is a field of a struct as JSON has it.
type member struct {
	name     string
	required bool
	schema   *openapi3.Schema
}

func (s *schemas) members(t reflect.Type) ([]member, error) {
	var members []member
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			return nil, fmt.Errorf("field %s has no name in JSON", field.Name)
		}
		schema, err := s.schemaOf(field.Type)
		if err != nil {
			return nil, fmt.Errorf("describing field %s: %w", field.Name, err)
		}
		comment, ok := strings.CutPrefix(s.comments[t.Name()+"."+field.Name], field.Name+" ")
		if !ok {
			return nil, fmt.Errorf("field %s has no doc comment that begins with its name", field.Name)
		}
		schema.Description = name + " " + comment
		if bound := bounds[t.Name()+"."+name]; bound != nil {
			bound(schema)
		}
		members = append(members, member{name, options != "omitempty", schema})
	}
	return members, nil
}

// schemaOf is the schema of a field's type, as encoding/json writes it.
func (s *schemas) schemaOf(t reflect.Type) (*openapi3.Schema, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[string](), reflect.TypeFor[api.Code]():
		return openapi3.NewStringSchema(), nil
	case reflect.TypeFor[int64]():
		return openapi3.NewInt64Schema(), nil
	case reflect.TypeFor[time.Time]():
		// Times are told in UTC.
		return openapi3.NewDateTimeSchema().WithPattern("Z$"), nil
	case reflect.TypeFor[map[string]string]():
		return openapi3.NewObjectSchema().WithAdditionalProperties(openapi3.NewStringSchema()), nil
	case reflect.TypeFor[[]string]():
		return openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()), nil
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		items, err := s.reference(reflect.Zero(t.Elem()).Interface())
		schema := openapi3.NewArraySchema()
		schema.Items = items
		return schema, err
	}
	return nil, fmt.Errorf("type %s is not known: allowed are string, int64, time.Time, map[string]string and slices of strings and structs", t)
}

// object is the schema of an object that has these members and no other.
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

// addExample gives a schema the example of its type.
func (s *schemas) addExample(name string, t reflect.Type) error {
	i := slices.IndexFunc(examples, func(e example) bool { return e.schema == name && reflect.TypeOf(e.value) == t })
	if i < 0 {
		return fmt.Errorf("schema %s has no example", name)
	}
	s.made[name].Value.Example = examples[i].value
	return nil
}
