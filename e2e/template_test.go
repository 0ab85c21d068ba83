package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An edit changes a template in place.
type edit func(t *testing.T, template map[string]any)

// TestLocalRunFollowsTheTemplate edits the synthesized template by hand and sees the local run change.
func TestLocalRunFollowsTheTemplate(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting for a signature to expire takes most of the time
	own := "presignedurl?mail=demo%40example.com"
	for _, test := range []struct {
		name  string
		edit  edit
		check func(t *testing.T, run *localRun, c client)
	}{
		{
			name: "dropped authorizer",
			edit: func(t *testing.T, template map[string]any) {
				// All of them, because only references tell which method is the route's.
				properties(t, template, "AWS::ApiGateway::Method", func(method map[string]any) bool {
					if method["AuthorizationType"] == "CUSTOM" {
						method["AuthorizationType"] = "NONE"
						delete(method, "AuthorizerId")
					}
					return method["HttpMethod"] == "GET"
				})
			},
			check: func(t *testing.T, _ *localRun, c client) {
				// Without the authorizer the function gets no identity, and fails closed by itself.
				a := newClient(c.base, "").do(t, http.MethodGet, own)
				if a.status != http.StatusInternalServerError {
					t.Fatalf("got %d %s, want the function's own refusal, 500", a.status, a.body)
				}
				checkError(t, a, "internal_error", nil)
			},
		},
		{
			name: "changed gateway response",
			edit: func(t *testing.T, template map[string]any) {
				response := properties(t, template, "AWS::ApiGateway::GatewayResponse", func(p map[string]any) bool {
					return p["ResponseType"] == "UNAUTHORIZED"
				})
				response["StatusCode"] = "418"
			},
			check: func(t *testing.T, _ *localRun, c client) {
				if a := newClient(c.base, "").do(t, http.MethodGet, own); a.status != http.StatusTeapot {
					t.Errorf("got %d, want 418", a.status)
				}
			},
		},
		{
			name: "changed path",
			edit: func(t *testing.T, template map[string]any) {
				properties(t, template, "AWS::ApiGateway::Resource", func(p map[string]any) bool {
					return p["PathPart"] == "health"
				})["PathPart"] = "alive"
			},
			check: func(t *testing.T, _ *localRun, c client) {
				if a := c.do(t, http.MethodGet, "alive"); a.status != http.StatusOK {
					t.Errorf("new path: got %d, want 200", a.status)
				}
				if a := c.do(t, http.MethodGet, "health"); a.status != http.StatusNotFound {
					t.Errorf("old path: got %d, want 404", a.status)
				}
			},
		},
		{
			name: "shorter signature lifetime",
			edit: func(t *testing.T, template map[string]any) {
				environment(t, template, presign)["SIGNATURE_LIFETIME"] = "1s"
			},
			check: func(t *testing.T, run *localRun, c client) {
				f := c.presignedURL(t)
				if left := time.Until(f.Expires.Time); left > time.Second {
					t.Errorf("expires in %s, want at most 1s", left)
				}
				put := c.grant(t, map[string]any{"filename": "a.txt", "size": 4})
				bucket := run.operator(t)
				before := bucket.keys(t)
				time.Sleep(time.Until(put.Expires.Time) + 1100*time.Millisecond)
				if status, code := f.post(t, []byte("late")); status != http.StatusForbidden {
					t.Errorf("expired form: got %d %s, want 403", status, code)
				}
				if status, code := put.put(t, []byte("late")); status != http.StatusForbidden {
					t.Errorf("expired PUT: got %d %s, want 403", status, code)
				}
				if diff := cmp.Diff(bucket.keys(t), before); diff != "" {
					t.Errorf("something was stored (-got +want):\n%s", diff)
				}
			},
		},
		{
			name: "missing environment variable",
			edit: func(t *testing.T, template map[string]any) {
				delete(environment(t, template, presign), "SIGNATURE_LIFETIME")
			},
			check: func(t *testing.T, _ *localRun, c client) {
				a := c.do(t, http.MethodGet, own)
				if a.status != http.StatusBadGateway {
					t.Fatalf("got %d %s, want 502", a.status, a.body)
				}
				checkError(t, a, "internal_error", nil)
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			run := serve(t, edited(t, test.edit))
			test.check(t, run, newClient(run.API, demoUser))
		})
	}
}

// edited returns the folder of a copy of the assembly with a changed template.
func edited(t *testing.T, change edit) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "assembly")
	if err := os.CopyFS(folder, os.DirFS(assembly)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "Postern-local.template.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	change(t, template)
	if b, err = json.Marshal(template); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// properties returns the properties of the resource of a type that match accepts. It calls match for every one.
func properties(t *testing.T, template map[string]any, kind string, match func(map[string]any) bool) map[string]any {
	t.Helper()
	var found map[string]any
	for _, r := range template["Resources"].(map[string]any) {
		r := r.(map[string]any)
		if p, ok := r["Properties"].(map[string]any); ok && r["Type"] == kind && match(p) {
			found = p
		}
	}
	if found == nil {
		t.Fatalf("the template has no such %s", kind)
	}
	return found
}

// environment returns the environment of the function that match accepts.
func environment(t *testing.T, template map[string]any, match func(map[string]any) bool) map[string]any {
	t.Helper()
	return variables(properties(t, template, "AWS::Lambda::Function", match))
}

// variables returns the environment in a function's properties.
func variables(p map[string]any) map[string]any {
	return p["Environment"].(map[string]any)["Variables"].(map[string]any)
}

// presign accepts the properties of the presign function, which signs and has no table.
func presign(p map[string]any) bool {
	_, signs := variables(p)["SIGNATURE_LIFETIME"]
	_, keeps := variables(p)["UPLOADS_TABLE"]
	return signs && !keeps
}
