package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
)

const root = "../.."

// load reads a generated document as a client's tools do.
func load(t *testing.T, document []byte) *openapi3.T {
	t.Helper()
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatalf("loading the document: %v", err)
	}
	return loaded
}

func generated(t *testing.T) []byte {
	t.Helper()
	document, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestDocumentIsValid(t *testing.T) {
	if err := load(t, generated(t)).Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDocumentIsUpToDate(t *testing.T) {
	got, err := os.ReadFile(filepath.Join(root, documentFile))
	if err != nil {
		t.Fatal(err)
	}
	want := generated(t)
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n")); diff != "" {
		t.Errorf("%s is stale; run: make openapi (-got +want)\n%s", documentFile, diff)
	}
}

func TestDocumentIsTheSameEveryTime(t *testing.T) {
	first := generated(t)
	for range 20 {
		if !bytes.Equal(generated(t), first) {
			t.Fatal("two documents of the same sources differ")
		}
	}
	if !bytes.HasSuffix(first, []byte("}\n")) {
		t.Error("the document does not end in a line break")
	}
}

// TestDocumentHasTheRoutes compares the document's operations with the contract: these, and no other.
func TestDocumentHasTheRoutes(t *testing.T) {
	type operation struct {
		Public   bool
		Status   string
		Required map[string]bool // the parameters, by where they are and name
		Body     bool
		Right    any // nil for a public route
	}
	got, want := map[string]operation{}, map[string]operation{}
	for path, item := range load(t, generated(t)).Paths.Map() {
		for method, o := range item.Operations() {
			described := operation{Public: o.Security != nil && len(*o.Security) == 0, Required: map[string]bool{}, Body: o.RequestBody != nil, Right: o.Extensions["x-right"]}
			if right := fmt.Sprint(described.Right); !described.Public && right != "" && !strings.Contains(o.Description, "`"+right+"`") {
				t.Errorf("%s %s: description %q does not name the right %s", method, path, o.Description, right)
			}
			for status := range o.Responses.Map() {
				if status < "300" {
					described.Status += status
				}
			}
			for _, p := range o.Parameters {
				described.Required[p.Value.In+" "+p.Value.Name] = p.Value.Required
			}
			if o.Summary == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
			got[method+" "+path] = described
		}
	}
	for _, route := range contract.Routes {
		expected := operation{
			Public: route.Public, Status: "200", Required: map[string]bool{}, Body: route.Request != nil,
		}
		if !route.Public {
			expected.Right = string(route.Right)
		}
		if route.Status != 0 {
			expected.Status = strconv.Itoa(route.Status)
		}
		for _, name := range []string{"id", "file", "keyId", "linkId"} {
			if strings.Contains(route.Path, "{"+name+"}") {
				expected.Required["path "+name] = true
			}
		}
		if route.Conditional {
			expected.Required["header If-Match"] = false
		}
		for _, q := range route.Query {
			expected.Required["query "+q.Name] = false
		}
		want[route.Method+" "+route.Path] = expected
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("operations (-got +want):\n%s", diff)
	}
}

func TestRouteThatCannotBeDescribed(t *testing.T) {
	comments, err := readComments(filepath.Join(root, typesFolder))
	if err != nil {
		t.Fatal(err)
	}
	type Unknown struct{}
	type NoJSON struct{ Name string }
	comments["NoJSON"], comments["NoJSON.Name"] = "A type.", "A field."
	for _, test := range []struct {
		name  string
		route contract.Route
		want  string
	}{
		{
			"query parameter",
			contract.Route{Path: "/x", Query: []contract.QueryParameter{{Name: "acl"}}, Response: api.Health{}},
			"query parameter acl has no description",
		},
		{"path parameter", contract.Route{Path: "/x/{owner}", Response: api.Health{}}, "path parameter owner has no description"},
		{"type without a comment", contract.Route{Path: "/x", Response: Unknown{}}, "describing type Unknown: it has no doc comment"},
		{"type without JSON", contract.Route{Path: "/x", Response: NoJSON{}}, "field Name has no name in JSON"},
	} {
		test.route.Method = "GET"
		_, err := describe([]contract.Route{test.route}, comments)
		if err == nil || !strings.Contains(err.Error(), "describing route GET "+test.route.Path+": ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.want)
		}
	}
}

// TestFailures compares the errors that each route has with what its callers have to expect.
func TestFailures(t *testing.T) {
	want := map[string]string{
		"GET /presignedurl":             "400 401 403 415 429 500 502 503 504",
		"POST /uploads":                 "400 401 403 413 415 429 500 502 503 504",
		"POST /uploads/{id}/parts":      "400 401 403 404 413 415 429 500 502 503 504",
		"POST /uploads/{id}/parts/list": "400 401 403 404 413 415 429 500 502 503 504",
		"POST /uploads/{id}/complete":   "400 401 403 404 413 415 429 500 502 503 504",
		"GET /uploads":                  "400 401 403 429 500 502 503 504",
		"GET /uploads/{id}":             "400 401 403 404 429 500 502 503 504",
		"PATCH /uploads/{id}":           "400 401 403 404 409 412 413 415 429 500 502 503 504",
		"DELETE /uploads/{id}":          "400 401 403 404 429 500 502 503 504",
		"GET /uploads/{id}/download":    "400 401 403 404 409 429 500 502 503 504",
		"GET /usage":                    "400 401 403 429 500 502 503 504",
		"POST /keys":                    "400 401 403 409 413 415 429 500 502 503 504",
		"GET /keys":                     "400 401 403 429 500 502 503 504",
		"DELETE /keys/{keyId}":          "400 401 403 404 409 429 500 502 503 504",
		"POST /links":                   "400 401 403 413 415 429 500 502 503 504",
		"GET /link":                     "400 401 403 429 500 502 503 504",
		"DELETE /links":                 "400 401 403 429 500 502 503 504",
		"DELETE /links/{linkId}":        "400 401 403 404 429 500 502 503 504",
		"GET /health":                   "429 500",
		"HEAD /health":                  "429 500",
		"GET /":                         "429 500 502 504",
		"GET /assets/{file}":            "404 429 500 502 504",
		"GET /openapi.json":             "429 500 502 504",
	}
	got := map[string]string{}
	for path, item := range load(t, generated(t)).Paths.Map() {
		for method, o := range item.Operations() {
			var statuses []string
			for status := range o.Responses.Map() {
				if status >= "400" {
					statuses = append(statuses, status)
				}
			}
			slices.Sort(statuses)
			got[method+" "+path] = strings.Join(statuses, " ")
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("failures (-got +want):\n%s", diff)
	}
}

// TestParameters tries values on the parameters of the routes.
func TestParameters(t *testing.T) {
	document := load(t, generated(t))
	for _, test := range []struct {
		method, path, in, name string
		accepted, refused      []any
	}{
		{
			"GET", "/uploads/{id}", "path", "id",
			[]any{"019a6b5f3c0070008d2f4b1c9e7a6530.mp4", "019a6b5f3c0070008d2f4b1c9e7a6530.a1234567"},
			[]any{"", "usage", "019A6B5F3C0070008D2F4B1C9E7A6530.mp4", "019a6b5f3c0070008d2f4b1c9e7a6530", "019a6b5f3c0070008d2f4b1c9e7a6530.a12345678", "019a6b5f3c0070008d2f4b1c9e7a6530.mp4\n"},
		},
		{
			"PATCH", "/uploads/{id}", "header", "If-Match",
			[]any{"*", `"0"`, `"3"`, `"9223372036854775807"`},
			[]any{"", "3", `"03"`, `"-1"`, `W/"3"`, `"1", "2"`, `"`},
		},
		{"GET", "/uploads", "query", "limit", []any{1.0, 50.0, 100.0}, []any{0.0, 101.0, -1.0, 1.5, "50"}},
		{"GET", "/uploads", "query", "cursor", []any{exampleCursor}, []any{"", strings.Repeat("x", 201)}},
		{"GET", "/uploads/{id}/download", "query", "disposition", []any{"attachment", "inline"}, []any{"", "Inline", "form-data"}},
		{"GET", "/uploads/{id}/download", "query", "expires", []any{60.0, 604800.0}, []any{59.0, 60.5, "60"}},
		{"GET", "/uploads", "query", "status", []any{"waiting", "ready", "rejected"}, []any{"", "accepted", "deleted", "Ready"}},
	} {
		parameter := document.Paths.Value(test.path).GetOperation(test.method).Parameters.GetByInAndName(test.in, test.name)
		if parameter == nil {
			t.Errorf("%s %s has no %s parameter %s", test.method, test.path, test.in, test.name)
			continue
		}
		for _, value := range test.accepted {
			if err := parameter.Schema.Value.VisitJSON(value); err != nil {
				t.Errorf("%s %v: %v", test.name, value, err)
			}
		}
		for _, value := range test.refused {
			if parameter.Schema.Value.VisitJSON(value) == nil {
				t.Errorf("%s %v is accepted", test.name, value)
			}
		}
	}
}

// TestEveryCodeIsDocumented compares the codes of the document, of package api and of the template.
func TestEveryCodeIsDocumented(t *testing.T) {
	var documented []api.Code
	for _, f := range failures {
		documented = append(documented, f.code)
	}
	slices.Sort(documented)
	if diff := cmp.Diff(slices.Compact(documented), slices.Sorted(slices.Values(api.Codes))); diff != "" {
		t.Errorf("codes (-documented +api):\n%s", diff)
	}
	template, err := os.ReadFile(filepath.Join(root, "infra/stack/testdata/prod.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	inBody := regexp.MustCompile(`\\"code\\":\\"(\w+)\\"`).FindAllSubmatch(template, -1)
	if len(inBody) == 0 {
		t.Error("the template has no code")
	}
	for _, match := range inBody {
		if code := api.Code(match[1]); !slices.Contains(api.Codes, code) {
			t.Errorf("code %s of the template is not one of package api", code)
		}
	}
}

// asJSON is a value as a client reads it.
func asJSON(t *testing.T, value any) map[string]any {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	return read
}
