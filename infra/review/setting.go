package review

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// elsewhere are the properties that a change tells of in another section, or that follow from others.
var elsewhere = map[string][]string{
	roleType:                  {"Policies", "AssumeRolePolicyDocument", "ManagedPolicyArns"},
	stageType:                 {"DeploymentId"},
	methodType:                {"AuthorizationType", "AuthorizerId"},
	functionType:              {"Code"},
	"AWS::S3::BucketPolicy":   {"PolicyDocument"},
	"AWS::SQS::QueuePolicy":   {"PolicyDocument"},
	"AWS::Lambda::Permission": {"Action", "FunctionName", "Principal", "SourceArn"},
}

// settingChanges returns the properties that differ. Those that change alike in several resources share a line.
func settingChanges(old, made *cfn.Template) []string {
	var all grouped
	paths := map[string]string{} // of routes, by logical id
	for _, r := range slices.Concat(routes(old), routes(made)) {
		paths[r.id] = r.String()
	}
	for _, id := range shared(old, made) {
		kind := old.Resources[id].Type
		if kind == alarmType || kind == "AWS::ApiGateway::Deployment" {
			continue
		}
		who := name(id)
		if path, ok := paths[id]; ok {
			who = path
		}
		for _, line := range propertyChanges(old.Resources[id], made.Resources[id]) {
			all.add(who, line)
		}
	}
	return all.lines()
}

// propertyChanges returns "path: old → new" for each value of a resource that differs.
func propertyChanges(old, made cfn.Resource) []string {
	before, after := map[string]string{}, map[string]string{}
	for properties, values := range map[*cfn.Resource]map[string]string{&old: before, &made: after} {
		for property, value := range properties.Properties {
			if property != "Tags" && !slices.Contains(elsewhere[old.Type], property) {
				flatten(cfn.Written(value), property, values)
			}
		}
	}
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if before[path] != after[path] {
			lines = append(lines, fmt.Sprintf("%s: %s → %s", code(path), orNone(before[path]), orNone(after[path])))
		}
	}
	return lines
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return code(value)
}

// flatten collects the values within a value by path. A list of texts is a value, and so is what a text of JSON holds.
func flatten(value any, path string, into map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for member, v := range value {
			flatten(v, path+"."+member, into)
		}
		return
	case []any:
		if !slices.ContainsFunc(value, func(member any) bool { _, isMap := member.(map[string]any); return isMap }) {
			break
		}
		for i, member := range value {
			flatten(member, fmt.Sprintf("%s[%s]", path, position(member, i)), into)
		}
		return
	case string:
		var object map[string]any
		decoder := json.NewDecoder(strings.NewReader(value))
		decoder.UseNumber()
		if strings.HasPrefix(value, "{") && decoder.Decode(&object) == nil {
			flatten(object, path, into)
			return
		}
	}
	into[path] = cfn.Text(value)
}

// position returns what tells a member of a list from the others: its id or name, or its place.
func position(member any, i int) string {
	object, _ := member.(map[string]any)
	for _, key := range []string{"Id", "Name", "Key", "Event"} {
		if text, ok := object[key].(string); ok {
			return text
		}
	}
	if path, ok := object["ResourcePath"].(string); ok {
		return cfn.Text(object["HttpMethod"]) + " " + path
	}
	return fmt.Sprint(i)
}

// roleChanges returns the size of each role that changes.
func roleChanges(old, made *cfn.Template) []string {
	var lines []string
	for _, id := range idsOf(made, roleType) {
		was, now := roleSize(old.Resources[id]), roleSize(made.Resources[id])
		if was != now {
			lines = append(lines, fmt.Sprintf("%s: %d of %d characters at most, %d before", code(name(id)), now, MaxRole, was))
		}
	}
	return lines
}
