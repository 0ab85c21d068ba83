package apigw_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/upload"
)

var limits = contract.Throttle{OwnerRate: 2, OwnerBurst: 4, ServiceRate: 5, ServiceBurst: 10}

// Owners of these tests.
const (
	alice   = "a11ce000000000000000"
	bob     = "b0b00000000000000000"
	backend = "5e41ce00000000000000"

	guestsOfAlice = "guests of alice" // who hold links of hers
)

// A throttledGateway counts what its handlers get.
type throttledGateway struct {
	*apigw.Gateway
	now    time.Time
	served int
}

func newThrottled(t *testing.T) *throttledGateway {
	t.Helper()
	g := &throttledGateway{now: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)}
	serve := apigw.Handle(func(context.Context, apigw.Request[apigw.None]) (api.PresignedForm, error) {
		g.served++
		return api.PresignedForm{}, nil
	})
	handlers := handlersOf(contract.Presign, event(nil), serve)
	throttle := apigw.NewThrottle(limits, func() time.Time { return g.now })
	gateway, err := apigw.New(contract.Presign, handlers, throttle, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g.Gateway = gateway
	return g
}

// ask sends a request of a principal on behalf of an owner, and returns the answer.
func (g *throttledGateway) ask(t *testing.T, principal, owner string) events.APIGatewayProxyResponse {
	t.Helper()
	c := caller
	c.Principal, c.Owner = principal, owner
	if c.Owner == guestsOfAlice {
		c.Owner, c.Role, c.Link = alice, apigw.RoleGuest, &apigw.GuestLink{Link: upload.Link{ID: "a", Count: 1}}
	}
	e := event(map[string][]string{"mail": mail})
	e.RequestContext.Authorizer = contextOf(c)
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := g.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var response events.APIGatewayProxyResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatal(err)
	}
	return response
}

// admitted asks n times and returns how many requests were not throttled.
func (g *throttledGateway) admitted(t *testing.T, n int, principal, owner string) int {
	t.Helper()
	admitted := 0
	for range n {
		if g.ask(t, principal, owner).StatusCode != http.StatusTooManyRequests {
			admitted++
		}
	}
	return admitted
}

func TestThrottledAnswer(t *testing.T) {
	g := newThrottled(t)
	for range limits.OwnerBurst {
		if got := g.ask(t, alice, alice); got.StatusCode != http.StatusOK || got.Headers["Retry-After"] != "" {
			t.Fatalf("got %d %v, want 200", got.StatusCode, got.Headers)
		}
	}
	got := g.ask(t, alice, alice)
	want := `{"message":"too many requests: wait a second","code":"too_many_requests","requestId":"request-1"}` + "\n"
	if got.StatusCode != http.StatusTooManyRequests || got.Body != want {
		t.Errorf("got %d %s, want 429 %s", got.StatusCode, got.Body, want)
	}
	headers := contract.RetryHeaders(1)
	for name, value := range contract.Headers {
		headers[name] = value
	}
	if fmt.Sprint(got.Headers) != fmt.Sprint(headers) {
		t.Errorf("headers: got %v, want %v", got.Headers, headers)
	}
	if g.served != int(limits.OwnerBurst) {
		t.Errorf("the handler got %d requests, want %d", g.served, limits.OwnerBurst)
	}
}

// TestNobodyStarvesOthers has one caller ask for all that it can, and others for what is theirs.
func TestNobodyStarvesOthers(t *testing.T) {
	for _, test := range []struct {
		name             string
		principal, owner string // of the flood
		calm, on         string // who asks after it, on whose behalf
		want             int    // of 10 requests
	}{
		{"a user, another user", alice, alice, bob, bob, 4},
		{"a user, itself", alice, alice, alice, alice, 0},
		{"a user, the service for that user", alice, alice, backend, alice, 4},
		{"the service for a user, that user", backend, alice, alice, alice, 4},
		{"the service for a user, the service for another", backend, alice, backend, bob, 4},
		{"the service for a user, the service for itself", backend, alice, backend, backend, 4},
		{"guests of a user, that user", alice, guestsOfAlice, alice, alice, 4},
		{"guests of a user, other guests of that user", alice, guestsOfAlice, alice, guestsOfAlice, 0},
		{"guests of a user, another user", alice, guestsOfAlice, bob, bob, 4},
		{"a malformed mail, the same caller", alice, "", alice, alice, 0},
		{"a malformed mail, another caller", alice, "", bob, bob, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newThrottled(t)
			for range 100 {
				g.ask(t, test.principal, test.owner)
			}
			if got := g.admitted(t, 10, test.calm, test.on); got != test.want {
				t.Errorf("got %d of 10 served, want %d", got, test.want)
			}
		})
	}
}

// TestServicesLeaveRoom has a service act for ever more owners.
func TestServicesLeaveRoom(t *testing.T) {
	g := newThrottled(t)
	for i := range 1000 {
		g.ask(t, backend, fmt.Sprintf("%020x", i))
	}
	if g.served != int(limits.ServiceBurst) {
		t.Errorf("got %d served, want %d", g.served, limits.ServiceBurst)
	}
	if got := g.admitted(t, 10, alice, alice); got != 4 {
		t.Errorf("a user: got %d of 10 served, want 4", got)
	}
	// What was refused cost the owner nothing.
	g.now = g.now.Add(time.Second)
	if got := g.admitted(t, 10, backend, fmt.Sprintf("%020x", 999)); got != 4 {
		t.Errorf("a second later, for one of those refused: got %d of 10 served, want 4", got)
	}
}

func TestBucketsFillAgain(t *testing.T) {
	g := newThrottled(t)
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{0, 4}, {0, 0}, {499 * time.Millisecond, 0}, {time.Millisecond, 1}, {time.Second, 2}, {time.Hour, 4}, {-time.Hour, 4}, {0, 0}} {
		g.now = g.now.Add(step.wait)
		if got := g.admitted(t, 10, alice, alice); got != step.want {
			t.Errorf("after %v: got %d of 10 served, want %d", step.wait, got, step.want)
		}
	}
}

// TestRetryAfterIsEnough waits as long as it is told.
func TestRetryAfterIsEnough(t *testing.T) {
	g := newThrottled(t)
	for range 20 {
		g.admitted(t, 10, alice, alice)
		refused := g.ask(t, alice, alice)
		wait, err := time.ParseDuration(refused.Headers["Retry-After"] + "s")
		if err != nil || refused.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("got %d %v, want 429 and how long to wait", refused.StatusCode, refused.Headers)
		}
		g.now = g.now.Add(wait)
		if got := g.ask(t, alice, alice); got.StatusCode != http.StatusOK {
			t.Fatalf("after %v: got %d, want 200", wait, got.StatusCode)
		}
	}
}

// TestThrottleForgets has more callers than it remembers: its memory is bounded, and who comes anew is served.
func TestThrottleForgets(t *testing.T) {
	g := newThrottled(t)
	for i := range 3 * apigw.MaxBuckets {
		if got := g.ask(t, fmt.Sprintf("%020x", i), fmt.Sprintf("%020x", i)); got.StatusCode != http.StatusOK {
			t.Fatalf("caller %d: got %d", i, got.StatusCode)
		}
	}
	if got := g.Buckets(); got > apigw.MaxBuckets {
		t.Errorf("got %d buckets, want at most %d", got, apigw.MaxBuckets)
	}
	// One that is in use stays while there are others that are full.
	g.now = g.now.Add(time.Minute)
	g.admitted(t, 4, alice, alice)
	for i := range apigw.MaxBuckets / 2 {
		g.now = g.now.Add(time.Microsecond)
		g.ask(t, fmt.Sprintf("%020x", i), fmt.Sprintf("%020x", i))
	}
	if got := g.ask(t, alice, alice); got.StatusCode != http.StatusTooManyRequests {
		t.Errorf("got %d, want the bucket still to be empty", got.StatusCode)
	}
}

func TestThrottleIsSafeForConcurrentUse(*testing.T) {
	throttle := apigw.NewThrottle(limits, time.Now)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 1000 {
				e := event(nil)
				e.RequestContext.Authorizer = map[string]any{"principalId": fmt.Sprintf("%020x", i), "owner": fmt.Sprintf("%020x", n)}
				_ = throttle.Admit(&e)
			}
		})
	}
	group.Wait()
}
