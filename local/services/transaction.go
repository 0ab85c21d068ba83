package services

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// tokenLifetime is how long DynamoDB knows a transaction again.
// Source: Amazon DynamoDB API Reference, TransactWriteItems, ClientRequestToken.
const tokenLifetime = 10 * time.Minute

// Transactions make one that is repeated with its token succeed without another effect, which the local DynamoDB does not:
// the SDK repeats one whose answer got lost.
type transactions struct {
	dynamodb http.Handler

	mu   sync.Mutex
	done map[string]transaction // by token
}

// A transaction is one that has succeeded.
type transaction struct {
	items [sha256.Size]byte
	at    time.Time
}

// ServeHTTP answers every operation.
func (ts *transactions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, operation := targetOf(r); operation != "TransactWriteItems" {
		ts.dynamodb.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		fail(w, http.StatusBadRequest, "com.amazon.coral.service#SerializationException", "")
		return
	}
	var input struct{ ClientRequestToken string }
	_ = json.Unmarshal(body, &input) // a body that is no JSON is DynamoDB's to refuse
	r.Body = io.NopCloser(bytes.NewReader(body))
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.write(w, r, input.ClientRequestToken, sha256.Sum256(body), time.Now())
}

func (ts *transactions) write(w http.ResponseWriter, r *http.Request, token string, items [sha256.Size]byte, now time.Time) {
	maps.DeleteFunc(ts.done, func(_ string, t transaction) bool { return now.Sub(t.at) > tokenLifetime })
	before, repeated := ts.done[token]
	switch {
	case !repeated || token == "":
		answer := &response{header: make(http.Header), status: http.StatusOK}
		ts.dynamodb.ServeHTTP(answer, r)
		if answer.status == http.StatusOK {
			ts.done[token] = transaction{items, now}
		}
		answer.send(w)
	case before.items != items:
		fail(w, http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
			"The request uses the same client token as a previous, but non-identical request.")
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	}
}
