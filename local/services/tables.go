package services

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"postern/internal/cfn"
)

// makeTables makes the tables through DynamoDB's own API.
func makeTables(dynamodb http.Handler, tables []cfn.Table) error {
	for _, table := range tables {
		if err := makeTable(dynamodb, table); err != nil {
			return fmt.Errorf("making table %s: %w", table.Name, err)
		}
	}
	return nil
}

func makeTable(dynamodb http.Handler, table cfn.Table) error {
	type attribute struct{ AttributeName, AttributeType string }
	type key struct{ AttributeName, KeyType string }
	input := struct {
		TableName            string
		BillingMode          string
		AttributeDefinitions []attribute
		KeySchema            []key
	}{
		table.Name, "PAY_PER_REQUEST",
		[]attribute{{table.PartitionKey, "S"}},
		[]key{{table.PartitionKey, "HASH"}},
	}
	if table.SortKey != "" {
		input.AttributeDefinitions = append(input.AttributeDefinitions, attribute{table.SortKey, "S"})
		input.KeySchema = append(input.KeySchema, key{table.SortKey, "RANGE"})
	}
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.CreateTable")
	answer := &response{header: make(http.Header), status: http.StatusOK}
	dynamodb.ServeHTTP(answer, request)
	if answer.status != http.StatusOK {
		return fmt.Errorf("got status %d: %s", answer.status, &answer.body)
	}
	return nil
}
