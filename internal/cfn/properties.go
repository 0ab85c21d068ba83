package cfn

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Types of properties that the local run ignores.
type (
	// inert properties have no visible effect: descriptions, tags.
	inert struct{}
	// unenforced properties have an effect on AWS. They are reported.
	unenforced struct{}
)

// texts is a list of strings, which may be written as a single string.
type texts []string

// A decoder puts resolved properties into structs whose fields have the properties' names. A property without a field is an
// error.
type decoder struct {
	unenforced []string
	errs       []error
}

func (d *decoder) fail(path, format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (d *decoder) value(value any, into reflect.Value, path string) {
	switch into.Interface().(type) {
	case inert:
		return
	case unenforced:
		d.unenforced = append(d.unenforced, path)
		return
	case texts:
		if _, ok := scalar(value); ok {
			value = []any{value}
		}
	}
	switch into.Kind() {
	case reflect.Struct, reflect.Map:
		d.object(value, into, path)
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(value, into.Elem(), path)
	case reflect.Slice:
		d.list(value, into, path)
	default:
		d.scalar(value, into, path)
	}
}

func (d *decoder) object(value any, into reflect.Value, path string) {
	properties, ok := value.(map[string]any)
	if !ok {
		d.fail(path, "want an object")
		return
	}
	if into.Kind() == reflect.Map {
		into.Set(reflect.MakeMap(into.Type()))
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if into.Kind() == reflect.Map {
			member := reflect.New(into.Type().Elem()).Elem()
			d.value(properties[name], member, join(path, name))
			into.SetMapIndex(reflect.ValueOf(name), member)
			continue
		}
		field := into.FieldByName(name)
		if !field.IsValid() {
			d.fail(join(path, name), "the local run does not know this property")
			continue
		}
		d.value(properties[name], field, join(path, name))
	}
}

func (d *decoder) list(value any, into reflect.Value, path string) {
	members, ok := value.([]any)
	if !ok {
		d.fail(path, "want a list")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(members), len(members)))
	for i, member := range members {
		d.value(member, into.Index(i), index(path, i))
	}
}

// scalar also takes a number or boolean that is written as a string, as CloudFormation does.
func (d *decoder) scalar(value any, into reflect.Value, path string) {
	text, ok := scalar(value)
	if !ok {
		d.fail(path, "want a %s", into.Kind())
		return
	}
	var err error
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		into.SetBool(b)
	case reflect.Int:
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		into.SetInt(i)
	}
	if err != nil {
		d.fail(path, "%q is not of type %s", text, into.Kind())
	}
}
