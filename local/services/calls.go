package services

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"postern/local/iam"
)

// An object is a JSON object of a request.
type object map[string]any

func readObject(body []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil || o == nil {
		return nil, errors.New("want a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("want nothing after the JSON object")
	}
	return o, nil
}

// member is a member of an object, the zero value if there is none. It refuses a name that differs in case only, which
// the services take for the same.
func member[T any](o object, name string) (T, error) {
	for other := range o {
		if other != name && strings.EqualFold(other, name) {
			return *new(T), fmt.Errorf("unknown member %q", other)
		}
	}
	value, ok := o[name].(T)
	if _, there := o[name]; there && !ok {
		return value, fmt.Errorf("member %s has another type", name)
	}
	return value, nil
}

// Arns make the ARNs of what a request names.
type arns struct{ region, account string }

func (a arns) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + a.region + ":" + a.account + ":" + resource
}

// table is the ARN of a table that is named by its name or its ARN.
func (a arns) table(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return a.arn("dynamodb", "table/"+name)
}

// dynamodbCalls are what a request to DynamoDB wants to do. An operation that is not known here needs a permission for
// every resource.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB".
func (a arns) dynamodbCalls(operation string, input object) ([]iam.Call, error) {
	switch operation {
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "DescribeTable":
		table, err := member[string](input, "TableName")
		index, err2 := member[string](input, "IndexName")
		resource := a.table(table)
		if index != "" {
			resource += "/index/" + index
		}
		return []iam.Call{{Action: "dynamodb:" + operation, Resource: resource}}, errors.Join(err, err2)
	case "BatchGetItem", "BatchWriteItem":
		tables, err := member[map[string]any](input, "RequestItems")
		var calls []iam.Call
		for _, table := range slices.Sorted(maps.Keys(tables)) {
			calls = append(calls, iam.Call{Action: "dynamodb:" + operation, Resource: a.table(table)})
		}
		return atLeastOne(calls, err)
	case "TransactGetItems":
		return a.transaction(input, map[string]string{"Get": "dynamodb:GetItem"})
	case "TransactWriteItems":
		return a.transaction(input, map[string]string{
			"ConditionCheck": "dynamodb:ConditionCheckItem",
			"Put":            "dynamodb:PutItem",
			"Update":         "dynamodb:UpdateItem",
			"Delete":         "dynamodb:DeleteItem",
		})
	default:
		return []iam.Call{{Action: "dynamodb:" + operation, Resource: "*"}}, nil
	}
}

// transaction are the calls of a transaction's items, each of which has one member that names its action.
func (a arns) transaction(input object, actions map[string]string) ([]iam.Call, error) {
	items, err := member[[]any](input, "TransactItems")
	if err != nil {
		return nil, err
	}
	var calls []iam.Call
	for _, item := range items {
		item, ok := item.(map[string]any)
		if !ok || len(item) != 1 {
			return nil, errors.New("want one action in each of the TransactItems")
		}
		for name, what := range item {
			what, ok := what.(map[string]any)
			if actions[name] == "" || !ok {
				return nil, fmt.Errorf("unknown action %q", name)
			}
			table, err := member[string](what, "TableName")
			if err != nil {
				return nil, err
			}
			calls = append(calls, iam.Call{Action: actions[name], Resource: a.table(table)})
		}
	}
	return atLeastOne(calls, nil)
}

// atLeastOne keeps a request without a call from needing no permission.
func atLeastOne(calls []iam.Call, err error) ([]iam.Call, error) {
	if err == nil && len(calls) == 0 {
		err = errors.New("the request names no table")
	}
	return calls, err
}

// secretCalls are what a request to Secrets Manager wants to do.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Secrets Manager".
func (a arns) secretCalls(secrets secrets, operation string, input object) ([]iam.Call, error) {
	id, err := member[string](input, "SecretId")
	if err != nil {
		return nil, err
	}
	resource := id
	if s, ok := secrets.find(id); ok {
		resource = s.ARN
	} else if !strings.HasPrefix(id, "arn:") {
		resource = a.arn("secretsmanager", "secret:"+id)
	}
	return []iam.Call{{Action: "secretsmanager:" + operation, Resource: resource}}, nil
}
