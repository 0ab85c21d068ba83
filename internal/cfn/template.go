package cfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Template is a stack's template as written: intrinsic functions are not resolved, and every resource type is taken.
type Template struct {
	Stack     string // the stack's name: Postern-prod
	Resources map[string]Resource
	// Metadata is what the template tells of itself, by name. It may be nil.
	Metadata map[string]any
}

// A Resource is one entry of a template's Resources, by logical id.
type Resource struct {
	Type                string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Properties          map[string]any // numbers are json.Number
	// Metadata is what the template tells of the resource, by name. It may be nil.
	Metadata map[string]any
}

// ParseTemplate reads a template. The error says that it is no JSON, or has no resources.
func ParseTemplate(stack string, b []byte) (*Template, error) {
	t := &Template{Stack: stack}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	if err := decoder.Decode(t); err != nil {
		return nil, fmt.Errorf("template of %s must be JSON: %w", stack, err)
	}
	t.Stack = stack
	if len(t.Resources) == 0 {
		return nil, fmt.Errorf("template of %s must have Resources, and has none", stack)
	}
	return t, nil
}

// ReadTemplate reads the template in a file.
func ReadTemplate(stack, file string) (*Template, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the template of %s: %w", stack, err)
	}
	return ParseTemplate(stack, b)
}

// Templates reads the templates of every stack of an assembly, sorted by the stacks' names.
func Templates(dir string) ([]*Template, error) {
	var manifest struct{ Artifacts map[string]artifact }
	if err := readJSON(filepath.Join(dir, "manifest.json"), &manifest); err != nil {
		return nil, err
	}
	var all []*Template
	for id, artifact := range manifest.Artifacts {
		if artifact.Type != "aws:cloudformation:stack" {
			continue
		}
		t, err := ReadTemplate(id, filepath.Join(dir, artifact.Properties.TemplateFile))
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the assembly in %s has no stack", dir)
	}
	slices.SortFunc(all, func(a, b *Template) int { return strings.Compare(a.Stack, b.Stack) })
	return all, nil
}

// At returns the value of a property by its path, in which / separates names and positions:
// OwnershipControls/Rules/0/ObjectOwnership. It is nil if there is none.
func (r Resource) At(path string) any {
	var value any = r.Properties
	for name := range strings.SplitSeq(path, "/") {
		switch parent := value.(type) {
		case map[string]any:
			value = parent[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(parent) {
				return nil
			}
			value = parent[i]
		default:
			return nil
		}
	}
	return value
}

// Text returns a value as one text: a string, number or boolean as it is, references as Fn::Sub would have them
// (${Uploads4F6EB0FD.Arn}/videos/*), everything else as JSON. It is empty for nil.
func Text(value any) string {
	switch value := Written(value).(type) {
	case nil:
		return ""
	case map[string]any, []any:
		b, _ := json.Marshal(value)
		return string(b)
	default:
		text, _ := scalar(value)
		return text
	}
}

// Texts returns the members of a list as Text has them. A value that is no list is a list of one, and nil is empty.
func Texts(value any) []string {
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, member := range list {
		texts[i] = Text(member)
	}
	return texts
}

// Written returns a copy of a value in which references and joins are text, as Fn::Sub would have them.
func Written(value any) any {
	switch value := value.(type) {
	case []any:
		list := make([]any, len(value))
		for i, member := range value {
			list[i] = Written(member)
		}
		return list
	case map[string]any:
		if text, ok := writtenReference(value); ok {
			return text
		}
		members := make(map[string]any, len(value))
		for name, member := range value {
			members[name] = Written(member)
		}
		return members
	default:
		return value
	}
}

func writtenReference(value map[string]any) (string, bool) {
	name, argument, ok := intrinsic(value)
	if !ok {
		return "", false
	}
	switch name {
	case "Ref":
		return "${" + Text(argument) + "}", true
	case "Fn::GetAtt":
		return "${" + strings.Join(Texts(argument), ".") + "}", true
	case "Fn::Sub":
		text, isText := argument.(string)
		return text, isText
	case "Fn::Join":
		if list, isList := argument.([]any); isList && len(list) == 2 {
			return strings.Join(Texts(list[1]), Text(list[0])), true
		}
	}
	return "", false
}
