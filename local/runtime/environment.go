package runtime

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"postern/internal/cfn"
)

// reserved lists the variables that Lambda sets and a template must not:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
// AWS_EXECUTION_ENV is reserved but not set, as for every function on provided.al2023.
var reserved = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_LEVEL", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// environment returns the whole environment of a process of f: Lambda's variables, the template's and the additions. Nothing
// of this program's own environment is in it.
func environment(f cfn.Function, region string, additions map[string]string, api, stream string) []string {
	vars := map[string]string{
		"PATH":                            "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"_HANDLER":                        f.Handler,
		"LAMBDA_TASK_ROOT":                f.Code,
		"LAMBDA_RUNTIME_DIR":              f.Code,
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      stream,
	}
	if f.LogFormat != "" {
		vars["AWS_LAMBDA_LOG_FORMAT"] = f.LogFormat
	}
	if f.LogLevel != "" {
		vars["AWS_LAMBDA_LOG_LEVEL"] = f.LogLevel
	}
	maps.Copy(vars, f.Environment)
	maps.Copy(vars, additions)
	list := make([]string, 0, len(vars))
	for name, value := range vars {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

func checkEnvironment(f cfn.Function) error {
	for _, name := range reserved {
		if _, ok := f.Environment[name]; ok {
			return fmt.Errorf("environment variable %s is reserved by Lambda", name)
		}
	}
	return nil
}

// logStream names a log stream as Lambda does.
func logStream(now time.Time, instance string) string {
	return now.UTC().Format("2006/01/02") + "/[$LATEST]" + instance
}

func bootstrap(f cfn.Function) string {
	return filepath.Join(f.Code, "bootstrap")
}
