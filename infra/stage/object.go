package stage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An object is a JSON object of the configuration that is being read, and the path that leads to it.
type object struct {
	path   string
	values map[string]any
	known  []string // names of the fields read so far
	errs   *[]error
}

// A rule takes a JSON value to a field's. It says in words what it allows.
type rule[T any] struct {
	allowed string
	parse   func(any) (T, bool)
}

// readObject reads an object by the fields that fields asks for, and reports any other.
func readObject(path string, value any, errs *[]error, fields func(*object)) {
	values, ok := value.(map[string]any)
	if !ok {
		*errs = append(*errs, fmt.Errorf("%s: %s is not allowed; allowed: an object", path, show(value)))
		return
	}
	o := &object{path: path, values: values, errs: errs}
	fields(o)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(o.known, name) {
			o.fail("%s.%s: unknown field; known: %s", path, name, strings.Join(o.known, ", "))
		}
	}
}

// object reads a field that is an object itself.
func (o *object) object(name string, fields func(*object)) {
	if value, ok := o.field(name); ok {
		readObject(o.path+"."+name, value, o.errs, fields)
	}
}

// read puts a field's value into into, which keeps its default when there is none.
func read[T any](o *object, name string, into *T, allow rule[T]) {
	value, ok := o.field(name)
	if !ok {
		return
	}
	parsed, ok := allow.parse(value)
	if !ok {
		o.fail("%s.%s: %s is not allowed; allowed: %s", o.path, name, show(value), allow.allowed)
		return
	}
	*into = parsed
}

func (o *object) field(name string) (value any, ok bool) {
	o.known = append(o.known, name)
	value, ok = o.values[name]
	return value, ok
}

func (o *object) fail(format string, args ...any) {
	*o.errs = append(*o.errs, fmt.Errorf(format, args...))
}

// show is a value as cdk.json has it.
func show(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(b)
}
