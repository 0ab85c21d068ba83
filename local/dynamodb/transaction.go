package dynamodb

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"postern/local/awsserver"
)

// tokenLifetime is how long DynamoDB remembers a transaction's token.
// Source: Amazon DynamoDB API Reference, TransactWriteItems, ClientRequestToken.
const tokenLifetime = 10 * time.Minute

// transactions lets a transaction that is repeated with its token succeed without another effect: the SDK repeats one
// whose answer got lost. The database itself does not know tokens.
type transactions struct {
	dynamodb http.Handler

	mu   sync.Mutex
	done map[string]transaction // by token
}

// A transaction has succeeded.
type transaction struct {
	items [sha256.Size]byte
	at    time.Time
}

// ServeHTTP implements http.Handler.
func (ts *transactions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, operation := awsserver.Target(r); operation != "TransactWriteItems" {
		ts.dynamodb.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		awsserver.Fail(w, http.StatusBadRequest, serviceError+"SerializationException", "")
		return
	}
	var input struct{ ClientRequestToken string }
	_ = json.Unmarshal(body, &input) // DynamoDB refuses a body that is not JSON
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
		answer := awsserver.NewResponse()
		ts.dynamodb.ServeHTTP(answer, r)
		if answer.Status == http.StatusOK {
			ts.done[token] = transaction{items, now}
		}
		answer.Send(w)
	case before.items != items:
		awsserver.Fail(w, http.StatusBadRequest, dynamodbError+"IdempotentParameterMismatchException",
			"The request uses the same client token as a previous, but non-identical request.")
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	}
}
