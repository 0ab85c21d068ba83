package contract_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
)

var (
	methods   = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	path      = regexp.MustCompile(`^(/|(/[a-z0-9.]+|/\{[a-zA-Z]+\})+)$`)
	camelCase = regexp.MustCompile(`^[a-z]+([A-Z][a-z]+)*$`)
	parameter = regexp.MustCompile(`^[a-zA-Z]+$`)
)

func TestRoutes(t *testing.T) {
	seen, names := map[string]bool{}, map[string]bool{}
	for _, route := range contract.Routes {
		name := route.Method + " " + route.Path
		t.Run(name, func(t *testing.T) {
			if seen[name] {
				t.Error("stands in the table twice")
			}
			seen[name] = true
			if !slices.Contains(methods, route.Method) {
				t.Errorf("method: got %q, want one of %s", route.Method, methods)
			}
			if !path.MatchString(route.Path) {
				t.Errorf("path: got %q, want %s", route.Path, path)
			}
			if answers := route.Function != ""; answers == (route.Answer != "") {
				t.Errorf("function %q and answer %q: want one of them", route.Function, route.Answer)
			}
			if route.Function != "" && !slices.Contains(contract.Functions, route.Function) {
				t.Errorf("function: got %q, want one of %s", route.Function, contract.Functions)
			}
			if route.Function == contract.Authorizer {
				t.Error("the authorizer answers no route")
			}
			if route.Answer != "" && !json.Valid([]byte(route.Answer)) {
				t.Errorf("answer: got %s, want JSON", route.Answer)
			}
			if (len(route.Contents) > 0) != (route.Function == contract.Site) {
				t.Errorf("content: got %q of function %s, want one for the site's routes alone", route.Contents, route.Function)
			}
			if !camelCase.MatchString(route.Name) || names[route.Name] {
				t.Errorf("name: got %q, want a name of its own, %s", route.Name, camelCase)
			}
			names[route.Name] = true
			if empty := route.Response == nil && len(route.Contents) == 0; empty != (route.Status == http.StatusNoContent || route.Method == http.MethodHead) {
				t.Errorf("status %d with response %T: want 204 or HEAD and none, or neither", route.Status, route.Response)
			}
			checkQuery(t, route.Query)
			if got, ok := contract.RouteOf(route.Path, route.Method); !ok || cmp.Diff(got, route) != "" {
				t.Errorf("RouteOf: got %v, %v, want the route", got, ok)
			}
		})
	}
}

func checkQuery(t *testing.T, query []contract.QueryParameter) {
	t.Helper()
	seen := map[string]bool{}
	for _, q := range query {
		if seen[q.Name] || !parameter.MatchString(q.Name) {
			t.Errorf("parameter %q: want letters, once", q.Name)
		}
		seen[q.Name] = true
	}
	if seen["mail"] != seen["subject"] {
		t.Error("mail or subject alone: want both or neither")
	}
}

// TestPublicRoutes lists the routes that anybody may call. It is meant to be changed with care.
func TestPublicRoutes(t *testing.T) {
	var got []string
	for _, route := range contract.Routes {
		if route.Public {
			got = append(got, route.Method+" "+route.Path)
		}
	}
	if diff := cmp.Diff(got, []string{"GET /", "GET /assets/{file}", "GET /openapi.json", "GET /health", "HEAD /health"}); diff != "" {
		t.Errorf("public routes (-got +want):\n%s", diff)
	}
}

// TestRights lists what each right opens. It is meant to be changed with care: a route without a right is for callers with
// every right alone.
func TestRights(t *testing.T) {
	got := map[api.Right][]string{}
	for _, route := range contract.Routes {
		if !route.Public {
			got[route.Right] = append(got[route.Right], route.Method+" "+route.Path)
		} else if route.Right != "" {
			t.Errorf("%s %s is public and needs a right", route.Method, route.Path)
		}
	}
	want := map[api.Right][]string{
		api.RightUpload: {
			"GET /presignedurl", "POST /uploads", "POST /uploads/{id}/parts", "POST /uploads/{id}/parts/list", "POST /uploads/{id}/complete",
			"PATCH /uploads/{id}",
		},
		api.RightRead:   {"GET /uploads", "GET /uploads/{id}", "GET /uploads/{id}/download", "GET /usage"},
		api.RightDelete: {"DELETE /uploads/{id}"},
		api.RightLink:   {"POST /links", "DELETE /links", "DELETE /links/{linkId}"},
		"":              {"POST /keys", "GET /keys", "DELETE /keys/{keyId}", "GET /link"},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("routes by right (-got +want):\n%s", diff)
	}
}

// A link never lists, changes, downloads or deletes.
func TestRoutesOfGuests(t *testing.T) {
	var got []string
	for _, route := range contract.Routes {
		if route.Guests {
			got = append(got, route.Method+" "+route.Path)
		}
	}
	want := []string{
		"POST /uploads", "POST /uploads/{id}/parts", "POST /uploads/{id}/parts/list", "POST /uploads/{id}/complete", "GET /uploads/{id}", "GET /link",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("routes of guests (-got +want):\n%s", diff)
	}
}

func TestRouteOfUnknown(t *testing.T) {
	for _, test := range []struct{ resource, method string }{
		{"/presignedurl", "POST"},
		{"/presignedurl", "get"},
		{"/presignedurl/", "GET"},
		{"/Presignedurl", "GET"},
		{"presignedurl", "GET"},
		{"/api/presignedurl", "GET"},
		{"", ""},
	} {
		if got, ok := contract.RouteOf(test.resource, test.method); ok {
			t.Errorf("%s %q: got %v, want none", test.method, test.resource, got)
		}
	}
}

func TestHeadersAllowNoMoreThanReading(t *testing.T) {
	for name, want := range map[string]string{
		"Access-Control-Allow-Credentials": "", // with origin *, a browser would refuse the answer
		"Access-Control-Allow-Origin":      "*",
		"Cache-Control":                    "no-store",
		"Content-Type":                     "application/json",
		"X-Content-Type-Options":           "nosniff",
	} {
		if got := contract.Headers[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
