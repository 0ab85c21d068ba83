package gateway

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// A format is a template of text and $context variables.
type format []piece

// A piece is text, or a variable if it has a value.
type piece struct {
	text  string
	value value
}

// A value returns a variable's value in an exchange. Empty means that it is not known.
type value func(*exchange) string

var contextVariable = regexp.MustCompile(`\$context\.[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*`)

// compile reads a template. Lookup finds the variable of a name without "$context.".
func compile(text string, lookup func(string) (value, bool)) (format, error) {
	var f format
	for {
		at := contextVariable.FindStringIndex(text)
		if at == nil {
			return append(f, piece{text: text}), noVariable(text)
		}
		if err := noVariable(text[:at[0]]); err != nil {
			return nil, err
		}
		name := text[at[0]:at[1]]
		value, ok := lookup(strings.TrimPrefix(name, "$context."))
		if !ok {
			return nil, fmt.Errorf("the local run does not know the variable %s", name)
		}
		f = append(f, piece{text: text[:at[0]]}, piece{value: value})
		text = text[at[1]:]
	}
}

// noVariable refuses text that could be another variable or a function.
func noVariable(text string) error {
	if i := strings.IndexByte(text, '$'); i >= 0 {
		return fmt.Errorf("%q is not a variable that the local run knows", text[i:min(i+20, len(text))])
	}
	return nil
}

func (f format) render(x *exchange) string {
	var b strings.Builder
	for _, p := range f {
		b.WriteString(p.text)
		if p.value != nil {
			b.WriteString(p.value(x))
		}
	}
	return b.String()
}

// responseVariables are the variables of a gateway response's template.
var responseVariables = map[string]value{
	"error.message":               errorMessage,
	"error.messageString":         errorMessageString,
	"error.responseType":          func(x *exchange) string { return x.failure.responseType },
	"error.validationErrorString": func(x *exchange) string { return x.failure.validation },
	"requestId":                   func(x *exchange) string { return x.id },
}

func responseVariable(name string) (value, bool) {
	if member, ok := strings.CutPrefix(name, "authorizer."); ok {
		return func(x *exchange) string { return x.principal.context[member] }, true
	}
	v, ok := responseVariables[name]
	return v, ok
}

func errorMessage(x *exchange) string {
	if x.failure.message == "" {
		return "null"
	}
	return x.failure.message
}

// errorMessageString is the message as a JSON string, in quotes.
func errorMessageString(x *exchange) string {
	if x.failure.message == "" {
		return "null"
	}
	quoted, _ := json.Marshal(x.failure.message)
	return string(quoted)
}
