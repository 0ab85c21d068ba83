package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	postern "postern/cmd/postern"
)

// An eventsAccount is EventBridge and SQS of an account. Of a rule's events, the first is lost, as before a rule works.
type eventsAccount struct {
	denies string // an operation

	mutex   sync.Mutex
	asked   []string
	sent    int
	waiting []string // bodies of messages
}

func (a *eventsAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a.asked = append(a.asked, operation)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if operation == a.denies {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "no"}`)
		return
	}
	answer := map[string]any{}
	switch operation {
	case "PutRule":
		answer["RuleArn"] = "arn:aws:events:eu-west-1:111122223333:rule/x"
	case "CreateQueue":
		answer["QueueUrl"] = "http://" + r.Host + "/x"
	case "PutEvents":
		if a.sent++; a.sent > 1 {
			a.waiting = append(a.waiting, `{"source": "postern.smoke", "detail": {"upload": {"owner": "o"}}}`)
		}
	case "ReceiveMessage":
		var messages []any
		for _, body := range a.waiting {
			messages = append(messages, map[string]any{"Body": body})
		}
		a.waiting = nil
		answer["Messages"] = messages
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (a *eventsAccount) send(body string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.waiting = append(a.waiting, body)
}

func (a *eventsAccount) watch(t *testing.T) postern.EventWatch {
	t.Helper()
	return postern.NewBusWatch(aws.Config{
		Region: region, BaseEndpoint: aws.String(serve(t, a).URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}, "o")
}

func TestBusWatch(t *testing.T) {
	a := &eventsAccount{}
	watch := a.watch(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := watch.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	a.send(`{"source": "postern", "detail": {"upload": {"id": "u", "owner": "o", "status": "ready"}}}`)
	came, err := watch.Next(ctx)
	if err != nil || len(came) != 1 || came[0].Detail.Upload.ID != "u" || came[0].Detail.Upload.Status != "ready" {
		t.Errorf("got %v, %v, want the event of u", came, err)
	}
	if err := watch.End(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"PutRule", "CreateQueue", "PutTargets", "PutEvents", "ReceiveMessage", "PutEvents", "ReceiveMessage", "ReceiveMessage",
		"RemoveTargets", "DeleteRule", "DeleteQueue",
	}
	if !slices.Equal(a.asked, want) {
		t.Errorf("got %q, want %q", a.asked, want)
	}
}

// TestBusWatchDenied makes sure that whichever right is missing, what was made is deleted.
func TestBusWatchDenied(t *testing.T) {
	for denied, deleted := range map[string][]string{
		"PutRule":     nil,
		"CreateQueue": {"DeleteRule"},
		"PutTargets":  {"DeleteRule", "DeleteQueue"},
		"PutEvents":   {"RemoveTargets", "DeleteRule", "DeleteQueue"},
	} {
		t.Run(denied, func(t *testing.T) {
			a := &eventsAccount{denies: denied}
			watch := a.watch(t)
			err := watch.Begin(t.Context())
			if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("got %v, want that %s is denied", err, denied)
			}
			if err := watch.End(t.Context()); err != nil {
				t.Error(err)
			}
			for _, operation := range deleted {
				if !slices.Contains(a.asked, operation) {
					t.Errorf("got %q, want %s", a.asked, operation)
				}
			}
		})
	}
}

// TestBusWatchLeftOver names what an operator must delete.
func TestBusWatchLeftOver(t *testing.T) {
	a := &eventsAccount{denies: "DeleteRule"}
	watch := a.watch(t)
	if err := watch.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := watch.End(t.Context()); err == nil || !strings.Contains(err.Error(), "rule and queue postern-smoke-") {
		t.Errorf("got %v, want the rule's name", err)
	}
	if !slices.Contains(a.asked, "DeleteQueue") {
		t.Errorf("got %q, want that the queue is deleted all the same", a.asked)
	}
}
