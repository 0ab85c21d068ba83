package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/identity"
)

// routed is the event of a request to a route, with a path that another route might have.
func routed(t *testing.T, route contract.Route, header string, mails ...string) request {
	t.Helper()
	event := requestOf(t, header, mails...)
	event.Resource, event.HTTPMethod, event.Path = route.Path, route.Method, "/uploads"
	event.RequestContext.HTTPMethod, event.RequestContext.ResourcePath = "GET", "/uploads"
	event.PathParameters = map[string]string{"id": "/uploads"}
	return event
}

// narrow gives the service a scope.
func (b *bench) narrow(scope identity.Scope) {
	all := rows()
	user := all["service@example.com"]
	user.Scope = scope
	all[user.Mail] = user
	b.users = all
}

func TestRightsOfRoutes(t *testing.T) {
	for _, may := range []identity.Rights{nil, {api.RightUpload}, {api.RightRead}, {api.RightDelete}, {api.RightUpload, api.RightDelete}} {
		b := newBench(t)
		b.narrow(identity.Scope{May: may})
		for _, route := range contract.Routes {
			want := fmt.Sprintf("your credentials lack the right %s, which this route needs: they have %s", route.Right, may)
			switch {
			case route.Public:
				want = "no right goes with this route"
			case len(may) == 0 || slices.Contains(may, route.Right):
				want = ""
			case route.Right == "":
				want = "this route needs credentials with every right: yours have only " + may.String()
			}
			b.check(t, fmt.Sprintf("may %s: %s %s", may, route.Method, route.Path), routed(t, route, service), want)
		}
	}
}

// check calls the authorizer, which must refuse with a message, or allow if that is empty.
func (b *bench) check(t *testing.T, name string, event request, message string) {
	t.Helper()
	got, err := b.handle(t.Context(), event)
	switch {
	case err != nil:
		t.Errorf("%s: %v", name, err)
	case message == "" && got.PolicyDocument.Statement[0].Effect != "Allow":
		t.Errorf("%s: got %+v, want it to be allowed", name, got)
	case message != "":
		if diff := cmp.Diff(got, deny(serviceOwner, event.MethodArn, message)); diff != "" {
			t.Errorf("%s: (-got +want)\n%s", name, diff)
		}
	}
}

// A route that the table does not have is nobody's, and what a request says besides changes nothing.
func TestNoRightForUnknownRoutes(t *testing.T) {
	for _, may := range []identity.Rights{nil, {api.RightUpload, api.RightRead, api.RightDelete}} {
		b := newBench(t)
		b.narrow(identity.Scope{May: may})
		for _, route := range []contract.Route{
			{Method: "GET", Path: ""},
			{Method: "", Path: "/uploads"},
			{Method: "get", Path: "/uploads"},
			{Method: "OPTIONS", Path: "/uploads"},
			{Method: "GET", Path: "/uploads/"},
			{Method: "GET", Path: "/{proxy+}"},
			{Method: "GET", Path: "/api/uploads"},
			{Method: "PUT", Path: "/uploads"},
		} {
			event := routed(t, route, service)
			event.Headers["X-HTTP-Method-Override"], event.MultiValueHeaders["X-HTTP-Method-Override"] = "GET", []string{"GET"}
			b.check(t, fmt.Sprintf("may %s: %q %q", may, route.Method, route.Path), event, "no right goes with this route")
		}
	}
}

func TestWhomAServiceMayActFor(t *testing.T) {
	for _, test := range []struct {
		mails   identity.Mails
		mail    string
		message string
	}{
		{"example.com", "demo@example.com", ""},
		{"example.com", "DEMO@EXAMPLE.COM", ""},
		{"example.com", "nobody@example.com", ""},
		{"demo*", "demo@example.com", ""},
		{"example.org", "service@example.com", ""}, // its own
		{"example.org", "demo@example.com", string(errOutside)},
		{"example.org", "nobody@example.com", string(errOutside)},
		{"demo*", "limited@example.com", string(errOutside)},
		{"demo@example.com", "limited@example.com", string(errOutside)},
	} {
		b := newBench(t)
		b.narrow(identity.Scope{For: test.mails})
		b.check(t, fmt.Sprintf("for %s: %s", test.mails, test.mail), requestOf(t, service, test.mail), test.message)
	}
	if strings.Contains(string(errOutside), "@") {
		t.Errorf("the refusal has a mail: %s", errOutside)
	}
}

// The end holds to the second, also for a caller who is remembered.
func TestExpiredAccounts(t *testing.T) {
	b := newBench(t)
	b.narrow(identity.Scope{Expires: b.clock.now().Add(30 * time.Second)})
	const expired = "your credentials have expired, at 2026-03-14T15:09:56Z: ask who runs this service, or make a new key"
	for _, step := range []struct {
		move    time.Duration
		message string
	}{
		{0, ""},
		{29 * time.Second, ""},
		{time.Second, expired},
		{29 * time.Second, expired}, // the caller is remembered until now
		{time.Second, expired},
		{time.Hour, expired},
	} {
		b.clock.move(step.move)
		b.check(t, b.clock.now().String(), requestOf(t, service, "demo@example.com"), step.message)
	}
	if got, err := b.handle(t.Context(), requestOf(t, basic("service@example.com", "wrong-password"))); err == nil {
		t.Errorf("a wrong password of an expired account: got %+v, want a refusal that tells nothing", got)
	}
}
