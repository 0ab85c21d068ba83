package records_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/internal/records"
	"postern/internal/upload"
)

func TestStates(t *testing.T) {
	b := newBench(t)
	var keys []records.Key
	want := map[records.Key]records.State{}
	for i := range 150 {
		key := records.Key{Owner: owner, ID: fmt.Sprintf("%032x.mp4", i)}
		keys = append(keys, key, key)
		if i%3 == 0 {
			continue
		}
		row := map[string]types.AttributeValue{"owner": text(owner), "id": text(key.ID), "status": text("ready"), "title": text("planted")}
		if i%3 == 1 {
			row["published"] = &types.AttributeValueMemberBOOL{Value: true}
		}
		b.putRaw(t, row)
		want[key] = records.State{Status: upload.Ready, Published: i%3 == 1}
	}
	var sizes []int
	b.meddle = func(operation, body string, _ http.ResponseWriter, pass func()) {
		if operation != "BatchGetItem" || !strings.Contains(body, `"ConsistentRead":true`) || strings.Contains(body, "title") {
			t.Errorf("DynamoDB is asked for %s %s", operation, body)
		}
		sizes = append(sizes, strings.Count(body, ".mp4"))
		pass()
	}
	got, err := b.States(t.Context(), keys)
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("%v, states (-got +want)\n%s", err, diff)
	}
	if diff := cmp.Diff(sizes, []int{100, 50}); diff != "" {
		t.Errorf("keys of a request (-got +want)\n%s", diff)
	}
}

func TestAccounts(t *testing.T) {
	b := newBench(t)
	b.putRaw(t, map[string]types.AttributeValue{"owner": text(owner), "id": text("usage"), "used": &types.AttributeValueMemberN{Value: "42"}, "files": number("7")})
	got, err := b.Accounts(t.Context(), []string{owner, other})
	if diff := cmp.Diff(got, map[string]upload.Account{owner: {Usage: upload.Usage{Bytes: 42, Files: 7}}}); diff != "" || err != nil {
		t.Errorf("%v, usages (-got +want)\n%s", err, diff)
	}
	b.putRaw(t, map[string]types.AttributeValue{"owner": text(other), "id": text("usage"), "used": text("planted")})
	if _, err := b.Accounts(t.Context(), []string{owner, other}); err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("got %v, want an error that holds no value", err)
	}
}

// A busy DynamoDB leaves keys unprocessed, which are asked for again until none of several requests brings anything.
func TestUnprocessedKeys(t *testing.T) {
	b := newBench(t)
	var keys []records.Key
	for i := range 5 {
		keys = append(keys, records.Key{Owner: owner, ID: fmt.Sprintf("%032x.mp4", i)})
	}
	most, requests := 1, 0
	b.meddle = func(_, body string, w http.ResponseWriter, _ func()) {
		requests++
		var request struct {
			RequestItems map[string]struct {
				Keys []any
			}
		}
		if err := json.Unmarshal([]byte(body), &request); err != nil {
			t.Error(err)
		}
		asked := request.RequestItems[uploadsTable].Keys
		n := min(most, len(asked))
		answer := map[string]any{}
		if n < len(asked) {
			answer["UnprocessedKeys"] = map[string]any{uploadsTable: map[string]any{"Keys": asked[n:]}}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
	if got, err := b.States(t.Context(), keys); len(got) != 0 || err != nil || requests != 5 {
		t.Errorf("got %v, %v after %d requests, want nothing after 5", got, err, requests)
	}
	most, requests = 0, 0
	if _, err := b.States(t.Context(), keys); err == nil || !strings.Contains(err.Error(), "DynamoDB is too busy") || requests != 8 {
		t.Errorf("got %v after %d requests, want an error after 8", err, requests)
	}
}
