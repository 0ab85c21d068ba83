package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// throttled narrows what one caller may ask. Stage local leaves it wide, for tests and measurements.
func throttled(t *testing.T, template map[string]any) {
	t.Helper()
	changed := 0
	for _, r := range template["Resources"].(map[string]any) {
		r := r.(map[string]any)
		if r["Type"] != "AWS::Lambda::Function" {
			continue
		}
		variables := r["Properties"].(map[string]any)["Environment"].(map[string]any)["Variables"].(map[string]any)
		if variables["THROTTLE"] != nil {
			variables["THROTTLE"] = `{"ownerRate":1,"ownerBurst":5,"serviceRate":1,"serviceBurst":5}`
			changed++
		}
	}
	if changed != 2 {
		t.Fatalf("got %d functions with a throttle, want presign and manage", changed)
	}
}

// TestOneCallerCannotShutTheAPI floods both functions as one caller. It is refused, and another one is not.
func TestOneCallerCannotShutTheAPI(t *testing.T) {
	requireLocal(t)
	folder := edited(t, throttled)
	t.Run("a user", func(t *testing.T) {
		run := serve(t, folder)
		addService(t, run)
		flood(t, newClient(run.API, demoUser), newClient(run.API, serviceMail+":"+servicePassword))
	})
	t.Run("a service for a user", func(t *testing.T) {
		run := serve(t, folder)
		addService(t, run)
		flood(t, newClient(run.API, serviceMail+":"+servicePassword), newClient(run.API, demoUser))
	})
}

// flood has a caller ask until it is refused, on behalf of the demo user. Then the other one asks for the same.
func flood(t *testing.T, caller, other client) {
	t.Helper()
	user, _, _ := strings.Cut(demoUser, ":")
	for _, path := range []string{"presignedurl", "usage"} {
		path += "?mail=" + url.QueryEscape(user)
		refused := answer{status: http.StatusOK}
		for n := 0; n < 1000 && refused.status == http.StatusOK; n++ { // far faster than one a second
			refused = caller.do(t, http.MethodGet, path)
		}
		if refused.status != http.StatusTooManyRequests {
			t.Fatalf("%s: got %d %s, want 429", path, refused.status, refused.body)
		}
		checkError(t, refused, "too_many_requests", []string{"wait a second"})
		if got := refused.header.Get("Retry-After"); got != "1" {
			t.Errorf("%s: Retry-After: got %q, want 1", path, got)
		}
		if got := other.do(t, http.MethodGet, path); got.status != http.StatusOK {
			t.Errorf("%s by another caller: got %d %s, want 200", path, got.status, got.body)
		}
		time.Sleep(time.Second) // as it is told
		if got := caller.do(t, http.MethodGet, path); got.status != http.StatusOK {
			t.Errorf("%s a second later: got %d %s, want 200", path, got.status, got.body)
		}
	}
}
