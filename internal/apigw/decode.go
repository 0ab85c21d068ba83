package apigw

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"postern/internal/upload"
)

// decodeBody decodes text, which is one JSON object in UTF-8 and nothing else, into body, a struct with json tags. Unlike
// encoding/json it refuses members that a struct does not have in exactly this spelling, members given twice, and objects that
// lack a field whose tag does not say omitempty. A member that is null is absent: typed clients write null for what is not set.
// A refusal is an *upload.Error that names the field.
//
// A struct of embedded pointers stands for a body of several shapes. One of them is set: see shapeOf.
func decodeBody(text []byte, body reflect.Value) error {
	if !utf8.Valid(text) {
		return invalid("body is not UTF-8")
	}
	return decodeObject("", text, shapeOf(text, body))
}

// shapeOf returns the struct that text is decoded into. Of a body of several shapes, it is the first with a member that text
// gives, and otherwise the last.
func shapeOf(text []byte, body reflect.Value) reflect.Value {
	if !body.Type().Field(0).Anonymous {
		return body
	}
	last := body.NumField() - 1
	for i := range body.NumField() {
		shape := reflect.New(body.Type().Field(i).Type.Elem())
		has := func(f field) bool { return gjson.GetBytes(text, f.name).Type != gjson.Null }
		if i == last || slices.ContainsFunc(fieldsOf("", shape.Elem()), has) {
			body.Field(i).Set(shape)
			return shape.Elem()
		}
	}
	return body
}

// decodeObject decodes an object, whose members are named in errors after a prefix.
func decodeObject(prefix string, text []byte, body reflect.Value) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return errNotObject
	}
	fields := fieldsOf(prefix, body)
	given := map[string]bool{} // by name; false: null
	for decoder.More() {
		if err := decodeMember(prefix, decoder, fields, given); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errNotObject
	}
	if _, err := decoder.Token(); err != io.EOF {
		return invalid("body goes on after its JSON object: must be one JSON object")
	}
	for _, field := range fields {
		if !field.optional && !given[field.name] {
			return invalid("field %s is missing", field.path)
		}
	}
	return nil
}

var errNotObject = invalid("body is not a JSON object: must be one JSON object")

// A field is a member of the object that a struct stands for.
type field struct {
	name     string
	path     string // in errors
	optional bool
	value    reflect.Value
}

func fieldsOf(prefix string, body reflect.Value) []field {
	fields := make([]field, body.NumField())
	for i := range fields {
		name, options, _ := strings.Cut(body.Type().Field(i).Tag.Get("json"), ",")
		fields[i] = field{name, prefix + name, options == "omitempty", body.Field(i)}
	}
	return fields
}

// decodeMember decodes the next member of an object and adds its name to those given.
func decodeMember(prefix string, decoder *json.Decoder, fields []field, given map[string]bool) error {
	token, err := decoder.Token()
	name, ok := token.(string)
	if err != nil || !ok {
		return errNotObject
	}
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return errNotObject
	}
	for _, field := range fields {
		if field.name != name {
			continue
		}
		if _, isGiven := given[name]; isGiven {
			return invalid("field %s is given more than once: must be given once", field.path)
		}
		given[name] = value[0] != 'n'
		if !given[name] {
			return nil
		}
		return field.decode(value)
	}
	return invalid("field %s is not known: must be one of %s", upload.Quote(prefix+name), namesOf(fields))
}

func namesOf(fields []field) string {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.name
	}
	return strings.Join(names, ", ")
}

// wanted says to people what a kind of field takes.
var wanted = map[reflect.Kind]string{
	reflect.String: "a string",
	reflect.Int64:  "a whole number in digits, at most 9223372036854775807",
	reflect.Struct: "an object",
}

func (f field) decode(value json.RawMessage) error {
	target := f.value
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		target = target.Elem()
	}
	if target.Kind() == reflect.Slice {
		return decodeArray(f.path, value, target)
	}
	return decodeValue(f.path, value, target)
}

// decodeArray decodes an array into a slice, an element as a field is decoded.
func decodeArray(path string, value json.RawMessage, target reflect.Value) error {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		_, one, _ := strings.Cut(wanted[target.Type().Elem().Kind()], " ")
		return refused(path, value, "an array of "+one+"s")
	}
	target.Set(reflect.MakeSlice(target.Type(), len(elements), len(elements)))
	for i, element := range elements {
		if err := decodeValue(path+"["+strconv.Itoa(i)+"]", element, target.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeValue(path string, value json.RawMessage, target reflect.Value) error {
	isStruct := target.Kind() == reflect.Struct
	if isStruct && value[0] == '{' {
		return decodeObject(path+".", value, target)
	}
	if isStruct || value[0] == 'n' || json.Unmarshal(value, target.Addr().Interface()) != nil {
		return refused(path, value, wanted[target.Kind()])
	}
	if hasLoneSurrogate(value) {
		return invalid("field %s has half a surrogate pair: must be a string of whole characters", path)
	}
	return nil
}

func refused(path string, value json.RawMessage, wanted string) error {
	return invalid("field %s is %s: must be %s", path, describe(value), wanted)
}

// hasLoneSurrogate reports whether a JSON value has an escape of half a character, for which encoding/json would put
// another character: what is stored would not be what was sent.
func hasLoneSurrogate(value json.RawMessage) bool {
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' {
			continue
		}
		i++ // to what is escaped
		if value[i] != 'u' {
			continue
		}
		unit := codeUnit(value[i+1:])
		i += 4
		if !utf16.IsSurrogate(unit) {
			continue
		}
		if !bytes.HasPrefix(value[i+1:], []byte(`\u`)) || utf16.DecodeRune(unit, codeUnit(value[i+3:])) == utf8.RuneError {
			return true
		}
		i += len(`\uffff`)
	}
	return false
}

// codeUnit returns the UTF-16 code unit of four hexadecimal digits.
func codeUnit(digits []byte) rune {
	unit, _ := strconv.ParseUint(string(digits[:4]), 16, 16)
	return rune(unit)
}

// describe returns a JSON value as an error may show it.
func describe(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f', 'n':
		return string(value)
	default:
		// A number has no character that quoting would change.
		return "the number " + strings.ReplaceAll(upload.Quote(string(value)), `"`, "")
	}
}
