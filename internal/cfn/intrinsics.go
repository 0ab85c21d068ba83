package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A resolver replaces a template's intrinsic functions by their values.
// Source: CloudFormation Template Reference, "Intrinsic function reference".
type resolver struct {
	pseudo     map[string]string    // pseudo parameters
	references map[string]reference // by logical id
}

// absent is the value of Ref AWS::NoValue: the property or list member is left out.
type absent struct{}

func (r resolver) resolve(value any, path string) (any, error) {
	switch value := value.(type) {
	case []any:
		return r.resolveList(value, path)
	case map[string]any:
		if name, argument, ok := intrinsic(value); ok {
			return r.call(name, argument, path)
		}
		resolved, errs := r.resolveMap(value, path)
		return resolved, errors.Join(errs...)
	default:
		return value, nil
	}
}

func (r resolver) resolveMap(value map[string]any, path string) (map[string]any, []error) {
	resolved := make(map[string]any, len(value))
	var errs []error
	for key, member := range value {
		member, err := r.resolve(member, join(path, key))
		if err != nil {
			errs = append(errs, err)
		} else if member != (absent{}) {
			resolved[key] = member
		}
	}
	return resolved, errs
}

func (r resolver) resolveList(value []any, path string) ([]any, error) {
	resolved := make([]any, 0, len(value))
	var errs []error
	for i, member := range value {
		member, err := r.resolve(member, index(path, i))
		if err != nil {
			errs = append(errs, err)
		} else if member != (absent{}) {
			resolved = append(resolved, member)
		}
	}
	return resolved, errors.Join(errs...)
}

// intrinsic reports whether an object is the call of an intrinsic function.
func intrinsic(value map[string]any) (name string, argument any, ok bool) {
	if len(value) != 1 {
		return "", nil, false
	}
	for name, argument = range value {
	}
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

func (r resolver) call(name string, argument any, path string) (any, error) {
	path = join(path, name)
	switch name {
	case "Ref":
		return r.ref(argument, path)
	case "Fn::GetAtt":
		return r.getAtt(argument, path)
	case "Fn::Sub":
		return r.sub(argument, path)
	}
	if name != "Fn::Join" && name != "Fn::Select" && name != "Fn::Split" {
		return nil, fmt.Errorf("%s: the local run does not know this intrinsic function", path)
	}
	resolved, err := r.resolve(argument, path)
	if err != nil {
		return nil, err
	}
	arguments, _ := resolved.([]any)
	if len(arguments) != 2 {
		return nil, fmt.Errorf("%s: want a list of two arguments", path)
	}
	switch name {
	case "Fn::Join":
		return joinStrings(arguments[0], arguments[1], path)
	case "Fn::Split":
		return splitString(arguments[0], arguments[1], path)
	default:
		return selectMember(arguments[0], arguments[1], path)
	}
}

// scalar returns a string, number or boolean as CloudFormation writes it into a string.
func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}

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

// named returns the value of a name in a Fn::Sub: a Ref, or with a dot a Fn::GetAtt.
func (r resolver) named(name, path string) (any, error) {
	if strings.Contains(name, ".") {
		return r.getAtt(name, path)
	}
	return r.ref(name, path)
}

func joinStrings(delimiter, list any, path string) (any, error) {
	separator, ok := delimiter.(string)
	members, isList := list.([]any)
	if !ok || !isList {
		return nil, fmt.Errorf("%s: want a delimiter and a list", path)
	}
	parts := make([]string, len(members))
	for i, member := range members {
		part, ok := scalar(member)
		if !ok {
			return nil, fmt.Errorf("%s: want a string", index(path, i))
		}
		parts[i] = part
	}
	return strings.Join(parts, separator), nil
}

func splitString(delimiter, source any, path string) (any, error) {
	separator, ok := delimiter.(string)
	text, isText := source.(string)
	if !ok || !isText || separator == "" {
		return nil, fmt.Errorf("%s: want a delimiter and a string", path)
	}
	parts := strings.Split(text, separator)
	members := make([]any, len(parts))
	for i, part := range parts {
		members[i] = part
	}
	return members, nil
}

func selectMember(position, list any, path string) (any, error) {
	text, _ := scalar(position)
	i, err := strconv.Atoi(text)
	members, _ := list.([]any)
	if err != nil || i < 0 || i >= len(members) {
		return nil, fmt.Errorf("%s: the list has %d members, none at index %q", path, len(members), text)
	}
	return members[i], nil
}
