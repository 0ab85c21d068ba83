package dynamodb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/journal"
)

// kept keeps the writes of a database in a log. A write is kept as its request: replayed in the same order on the same items,
// it has the same effect, conditions included. Writes that fail have no effect and are not kept.
type kept struct {
	db  http.Handler
	log *journal.Log

	mu sync.Mutex // of writes: their order in the log is that of their effects
}

// A write is a request that has changed something.
type write struct {
	Operation string
	Request   json.RawMessage
}

// writes are the operations that change items.
var writes = map[string]bool{"PutItem": true, "UpdateItem": true, "DeleteItem": true, "BatchWriteItem": true, "TransactWriteItems": true}

// keep replays the writes in a file and keeps further ones there.
func keep(db http.Handler, file string, tables []cfn.Table) (*kept, error) {
	log, err := journal.Open(file, func(line []byte) error {
		var w write
		if err := json.Unmarshal(line, &w); err != nil {
			return err
		}
		if _, err := send(db, w.Operation, w.Request); err != nil {
			return fmt.Errorf("repeating a %s: %w", w.Operation, err)
		}
		return nil
	}, func(add func(any) error) error {
		for _, table := range tables {
			if err := dump(db, table.Name, add); err != nil {
				return fmt.Errorf("table %s: %w", table.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &kept{db: db, log: log}, nil
}

// dump adds a write for each item of a table.
func dump(db http.Handler, table string, add func(any) error) error {
	type object = map[string]any
	for scan := (object{"TableName": table}); ; {
		body, err := json.Marshal(scan)
		if err != nil {
			return err
		}
		answer, err := send(db, "Scan", body)
		if err != nil {
			return err
		}
		var page struct {
			Items            []json.RawMessage
			LastEvaluatedKey json.RawMessage
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			put, err := json.Marshal(object{"TableName": table, "Item": item})
			if err == nil {
				err = add(write{"PutItem", put})
			}
			if err != nil {
				return err
			}
		}
		if len(page.LastEvaluatedKey) == 0 {
			return nil
		}
		scan["ExclusiveStartKey"] = page.LastEvaluatedKey
	}
}

// ServeHTTP implements http.Handler. A write that cannot be kept is answered with an error, as are all later ones.
func (k *kept) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation := awsserver.Target(r)
	if !writes[operation] {
		k.db.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		awsserver.Fail(w, http.StatusBadRequest, serviceError+"SerializationException", "")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := awsserver.NewResponse()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.db.ServeHTTP(answer, r)
	if answer.Status == http.StatusOK {
		if err := k.log.Append(write{operation, body}); err != nil {
			answer = awsserver.NewResponse()
			awsserver.Fail(answer, http.StatusInternalServerError, "InternalServerError", err.Error())
		}
	}
	answer.Send(w)
}
