// Package dynamodb serves a stack's tables from memory, by DynamoDB's own API, and keeps their writes in a file.
package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/truora/minidyn/server"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/chaos"
)

// Error codes that do not belong to one operation.
// Source: Amazon DynamoDB Developer Guide, "Error handling with DynamoDB".
const (
	dynamodbError = "com.amazonaws.dynamodb.v20120810#"
	serviceError  = "com.amazon.coral.service#"
)

// A DB holds a stack's tables.
type DB struct {
	// Modified is the time of the last write of an earlier run. It is zero if there was no earlier run.
	Modified time.Time

	arns arns
	kept *kept
}

// Open makes the stack's tables and fills them with what earlier runs have written. It keeps every write in the file
// tables.jsonl of the data folder, which only its owner may read.
func Open(data string, stack *cfn.Stack) (*DB, error) {
	db := server.NewServer()
	for _, table := range stack.Tables {
		if err := makeTable(db, table); err != nil {
			return nil, fmt.Errorf("making table %s: %w", table.Name, err)
		}
	}
	k, err := keep(db, filepath.Join(data, "tables.jsonl"), stack.Tables)
	if err != nil {
		return nil, err
	}
	return &DB{k.log.Modified, arnsOf(stack), k}, nil
}

// Service returns the service that serves the tables.
func (db *DB) Service() awsserver.Service {
	return awsserver.Service{
		Name:        "dynamodb",
		Target:      "DynamoDB_20120810",
		ErrorPrefix: serviceError,
		Calls:       db.arns.calls,
		Handler:     &transactions{dynamodb: db.kept, done: make(map[string]transaction)},
		Fault:       fault,
	}
}

// Close closes the file.
func (db *DB) Close() { db.kept.log.Close() }

// makeTable makes a table through DynamoDB's own API.
func makeTable(db http.Handler, table cfn.Table) error {
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
	_, err = send(db, "CreateTable", body)
	return err
}

// send calls an operation of the database and returns its answer. It fails unless the operation succeeds.
func send(db http.Handler, operation string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	answer := awsserver.NewResponse()
	db.ServeHTTP(answer, request)
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("got status %d: %s", answer.Status, &answer.Body)
	}
	return answer.Body.Bytes(), nil
}

// fault answers a call that fails on purpose.
func fault(w http.ResponseWriter, fault chaos.Fault, body awsserver.Object) {
	items, _ := awsserver.Member[[]any](body, "TransactItems")
	switch {
	case fault == chaos.Conflict:
		conflict(w, len(items))
	case fault == chaos.Throttle && len(items) > 0:
		awsserver.Fail(w, http.StatusBadRequest, "com.amazon.coral.availability#ThrottlingException", "Rate of requests exceeds the allowed throughput.")
	case fault == chaos.Throttle:
		awsserver.Fail(w, http.StatusBadRequest, dynamodbError+"ProvisionedThroughputExceededException",
			"The level of configured provisioned throughput for the table was exceeded.")
	default:
		awsserver.Fail(w, http.StatusInternalServerError, "InternalServerError", "Internal server error")
	}
}

// conflict answers a transaction whose first item belongs to another ongoing transaction.
func conflict(w http.ResponseWriter, items int) {
	reasons := make([]map[string]string, items)
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	if items > 0 {
		reasons[0] = map[string]string{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"__type":              dynamodbError + "TransactionCanceledException",
		"Message":             "Transaction cancelled, please refer cancellation reasons for specific reasons",
		"CancellationReasons": reasons,
	})
}
