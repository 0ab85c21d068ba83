package queue

import (
	"bytes"
	"encoding/json"
	"slices"
)

// all reports every message as failed.
func all(string) bool { return true }

// failures returns which messages a function reports as failed. An answer without failures, even an empty one, means that
// all succeeded. A malformed answer, or one that names a message of no batch, means that all failed. The case of members'
// names matters.
// Source: AWS Lambda Developer Guide, "Handling errors for an SQS event source in Lambda", "Success and failure conditions".
func failures(response []byte, batch []Message) func(id string) bool {
	none := func(string) bool { return false }
	if len(bytes.TrimSpace(response)) == 0 {
		return none
	}
	var answer map[string]json.RawMessage
	if json.Unmarshal(response, &answer) != nil {
		return all
	}
	list, ok := answer["batchItemFailures"]
	if !ok {
		return none
	}
	var items []map[string]json.RawMessage
	if json.Unmarshal(list, &items) != nil {
		return all
	}
	var failed []string
	for _, item := range items {
		var id string
		known := func(m Message) bool { return m.ID == id }
		if json.Unmarshal(item["itemIdentifier"], &id) != nil || !slices.ContainsFunc(batch, known) {
			return all
		}
		failed = append(failed, id)
	}
	return func(id string) bool { return slices.Contains(failed, id) }
}
