package review

import (
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

var functionRules = []rule{
	{"own role", "TestRoles", ownOf("Role", roleType, "a role")},
	{"own log group", "TestRoles", ownOf("LoggingConfig/LogGroup", groupType, "a log group")},
	{"secrets in the environment", "TestRoles", each(functionType, noSecrets)},
	{"logs of its own", "TestRoles", each(functionType, writesOwnLogs)},
	{"traces as its role may", "TestRoles", each(functionType, tracesAsAllowed)},
}

// ownOf finds functions that share a resource, or have none.
func ownOf(path, kind, what string) func(stack) []Finding {
	return func(s stack) []Finding {
		var all []Finding
		users := map[string]string{}
		for _, id := range s.of(functionType) {
			target := refersTo(s.Resources[id].At(path))
			if s.Resources[target].Type != kind {
				all = append(all, found(id, "the function must have %s of this stack (%s)", what, strings.ReplaceAll(path, "/", ".")))
			} else if other := users[target]; other != "" {
				all = append(all, found(id, "the function must have %s of its own, and shares %s with %s", what, name(target), name(other)))
			}
			users[target] = id
		}
		return all
	}
}

// writesOwnLogs finds functions that cannot write their log group.
func writesOwnLogs(s stack, id string, r cfn.Resource) []Finding {
	group := "${" + refersTo(r.At("LoggingConfig/LogGroup")) + ".Arn}"
	for _, st := range inline(s.Resources[refersTo(r.At("Role"))]) {
		if st.String() == "logs:CreateLogStream, logs:PutLogEvents on "+group && st.effect == "Allow" {
			return nil
		}
	}
	return []Finding{found(id, "the function's role must allow logs:CreateLogStream and logs:PutLogEvents on its log group")}
}

// tracesAsAllowed finds functions that trace and may not, or may and do not. A stage has both or neither.
func tracesAsAllowed(s stack, id string, r cfn.Resource) []Finding {
	may := slices.ContainsFunc(inline(s.Resources[refersTo(r.At("Role"))]), func(st statement) bool {
		return st.effect == "Allow" && strings.Contains(st.String(), "xray:PutTraceSegments")
	})
	switch traces := cfn.Text(r.At("TracingConfig/Mode")) == "Active"; {
	case traces && !may:
		return []Finding{found(id, "TracingConfig.Mode is Active, and the role may not write traces: set the stage's tracing to false instead")}
	case may && !traces:
		return []Finding{found(id, "TracingConfig.Mode must be Active, since the role may write traces: slow requests could not be explained")}
	}
	return nil
}

var (
	secretName  = regexp.MustCompile(`SECRET|PASSW|TOKEN|CREDENTIAL|PRIVATE|_KEY|APIKEY`)
	secretValue = regexp.MustCompile(`\{\{resolve:|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN|[A-Za-z0-9+/_-]{40,}={0,2}$`)
)

// noSecrets finds variables of a function that look like a secret. One that names a secret refers to it.
func noSecrets(_ stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	variables, _ := r.At("Environment/Variables").(map[string]any)
	for variable, value := range variables {
		text := cfn.Text(value)
		if isReference := refersTo(value) != ""; !isReference && secretName.MatchString(variable) || secretValue.MatchString(text) {
			all = append(all, found(id, "environment variable %s must not be a secret: whoever may describe the function reads it; refer to a secret instead", variable))
		}
	}
	return all
}
