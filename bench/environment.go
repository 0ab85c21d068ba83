package main

import (
	"errors"
	"fmt"
	"net/http"

	"postern/internal/cfn"
)

// presignEnvironment is what presign finds in its environment: what the template says, and what Lambda adds.
func presignEnvironment(assembly string) ([]string, error) {
	stack, err := cfn.Load(assembly)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	function, err := presignOf(stack)
	if err != nil {
		return nil, err
	}
	env := []string{
		"AWS_REGION=" + stack.Region,
		"AWS_ACCESS_KEY_ID=" + exampleAccessKey,
		"AWS_SECRET_ACCESS_KEY=" + exampleSecretKey,
		"AWS_SESSION_TOKEN=" + exampleToken,
		"AWS_LAMBDA_FUNCTION_NAME=" + function.Name,
		"AWS_LAMBDA_LOG_FORMAT=" + function.LogFormat,
	}
	for name, value := range function.Environment {
		env = append(env, name+"="+value)
	}
	return env, nil
}

// presignOf is the function that answers GET /presignedurl.
func presignOf(stack *cfn.Stack) (cfn.Function, error) {
	for _, method := range stack.API.Methods {
		if method.HTTPMethod != http.MethodGet || method.Resource != "/presignedurl" {
			continue
		}
		for _, function := range stack.Functions {
			if function.LogicalID == method.Integration.Function {
				return function, nil
			}
		}
	}
	return cfn.Function{}, errors.New("the template has no function for GET /presignedurl")
}
