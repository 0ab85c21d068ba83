package cfn

import (
	"fmt"
	"strconv"
	"strings"
)

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
