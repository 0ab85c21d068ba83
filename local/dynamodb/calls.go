package dynamodb

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/iam"
)

// arns makes the ARNs of what a request names.
type arns struct {
	awsserver.ARNs

	partitionKeys map[string]string // by the table's name
}

func arnsOf(stack *cfn.Stack) arns {
	a := arns{awsserver.ARNs{Region: stack.Region, Account: stack.AccountID}, make(map[string]string)}
	for _, table := range stack.Tables {
		a.partitionKeys[table.Name] = table.PartitionKey
	}
	return a
}

// table returns the ARN of a table that is named by its name or its ARN.
func (a arns) table(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return a.ARN("dynamodb", "table/"+name)
}

// calls returns what a request wants to do. An operation that is not known here needs a permission for every resource.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB".
func (a arns) calls(operation string, input awsserver.Object) ([]iam.Call, error) {
	switch operation {
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "DescribeTable":
		table, err := awsserver.Member[string](input, "TableName")
		index, err2 := awsserver.Member[string](input, "IndexName")
		resource := a.table(table)
		if index != "" {
			resource += "/index/" + index
		}
		return []iam.Call{{Action: "dynamodb:" + operation, Resource: resource, Conditions: a.leadingKeys(table, input)}}, errors.Join(err, err2)
	case "BatchGetItem", "BatchWriteItem":
		tables, err := awsserver.Member[map[string]any](input, "RequestItems")
		var calls []iam.Call
		for _, table := range slices.Sorted(maps.Keys(tables)) {
			calls = append(calls, iam.Call{Action: "dynamodb:" + operation, Resource: a.table(table)})
		}
		return atLeastOne(calls, err)
	case "TransactWriteItems":
		return a.transaction(input)
	default:
		return []iam.Call{{Action: "dynamodb:" + operation, Resource: "*"}}, nil
	}
}

// leadingKeys returns the condition key that holds the partition key of the item that a request names, if it names one.
// Source: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
func (a arns) leadingKeys(table string, input awsserver.Object) map[string]string {
	for _, member := range []string{"Key", "Item"} {
		item, _ := awsserver.Member[map[string]any](input, member)
		value, _ := item[a.partitionKeys[table]].(map[string]any)
		if key, ok := value["S"].(string); ok {
			return map[string]string{"dynamodb:LeadingKeys": key}
		}
	}
	return nil
}

// transactActions are the actions of a transaction's items, by the member that holds the item.
var transactActions = map[string]string{
	"ConditionCheck": "dynamodb:ConditionCheckItem",
	"Put":            "dynamodb:PutItem",
	"Update":         "dynamodb:UpdateItem",
	"Delete":         "dynamodb:DeleteItem",
}

// transaction returns the calls of a transaction's items.
func (a arns) transaction(input awsserver.Object) ([]iam.Call, error) {
	items, err := awsserver.Member[[]any](input, "TransactItems")
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
			if transactActions[name] == "" || !ok {
				return nil, fmt.Errorf("unknown action %q", name)
			}
			table, err := awsserver.Member[string](what, "TableName")
			if err != nil {
				return nil, err
			}
			calls = append(calls, iam.Call{Action: transactActions[name], Resource: a.table(table)})
		}
	}
	return atLeastOne(calls, nil)
}

// atLeastOne fails for a request without a call, which would need no permission.
func atLeastOne(calls []iam.Call, err error) ([]iam.Call, error) {
	if err == nil && len(calls) == 0 {
		err = errors.New("the request names no table")
	}
	return calls, err
}
