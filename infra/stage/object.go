package stage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An object is a JSON object of the configuration while it is read.
type object struct {
	path   string // from the root: "stages.dev.throttle"
	values map[string]any
	known  []string // names of the fields read so far
	errs   *[]error
}

// A rule turns a JSON value into a field's.
type rule[T any] struct {
	want  string // what the value must be, in words
	parse func(any) (T, bool)
}

// readObject reads an object. The function fields reads its fields; any field that it does not read is an error.
func readObject(path string, value any, errs *[]error, fields func(*object)) {
	values, ok := value.(map[string]any)
	if !ok {
		*errs = append(*errs, fmt.Errorf("%s: must be an object; got %s", path, show(value)))
		return
	}
	o := &object{path: path, values: values, errs: errs}
	fields(o)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(o.known, name) {
			o.fail("%s.%s: unknown field; must be one of %s", path, name, strings.Join(o.known, ", "))
		}
	}
}

// object reads a field that is an object itself.
func (o *object) object(name string, fields func(*object)) {
	if value, ok := o.field(name); ok {
		readObject(o.path+"."+name, value, o.errs, fields)
	}
}

// read sets into to a field's value. Without one, into keeps its default.
func read[T any](o *object, name string, into *T, rule rule[T]) {
	value, ok := o.field(name)
	if !ok {
		return
	}
	parsed, ok := rule.parse(value)
	if !ok {
		o.fail("%s.%s: must be %s; got %s", o.path, name, rule.want, show(value))
		return
	}
	*into = parsed
}

// field returns a field's value and notes that the field is known.
func (o *object) field(name string) (value any, ok bool) {
	o.known = append(o.known, name)
	value, ok = o.values[name]
	return value, ok
}

func (o *object) fail(format string, args ...any) {
	*o.errs = append(*o.errs, fmt.Errorf(format, args...))
}

// show writes a value as cdk.json has it.
func show(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(b)
}
