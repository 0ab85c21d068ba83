package cfn

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub replaces ${Name}, ${Name.Attribute} and the variables of the long form; ${!Name} stays as ${Name}.
func (r resolver) sub(argument any, path string) (any, error) {
	text, ok := argument.(string)
	variables := map[string]any{}
	if long, isList := argument.([]any); isList && len(long) == 2 {
		text, ok = long[0].(string)
		given, _ := long[1].(map[string]any)
		resolved, errs := r.resolveMap(given, path)
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		variables = resolved
	}
	if !ok {
		return nil, fmt.Errorf("%s: want a string, or a list of a string and its variables", path)
	}
	var errs []error
	value := variable.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if value, ok := variables[name]; ok {
			return fmt.Sprint(value)
		}
		value, err := r.named(name, path)
		errs = append(errs, err)
		return fmt.Sprint(value)
	})
	return value, errors.Join(errs...)
}

// named is the value of a name in a Fn::Sub: a Ref, or with a dot a Fn::GetAtt.
func (r resolver) named(name, path string) (any, error) {
	if strings.Contains(name, ".") {
		return r.getAtt(name, path)
	}
	return r.ref(name, path)
}
