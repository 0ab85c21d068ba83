package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"postern/api"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestExamples checks every example against its schema, and then breaks it in every way that a schema can tell.
func TestExamples(t *testing.T) {
	schemas := load(t, generated(t)).Components.Schemas
	for _, e := range examples {
		t.Run(e.schema, func(t *testing.T) {
			ref := schemas[e.schema]
			if ref == nil {
				t.Fatal("the document has no such schema")
			}
			schema := ref.Value
			if err := schema.VisitJSON(asJSON(t, e.value)); err != nil {
				t.Fatalf("the example is refused: %v", err)
			}
			refuses := func(what string, change func(map[string]any)) {
				t.Helper()
				broken := asJSON(t, e.value)
				change(broken)
				if schema.VisitJSON(broken) == nil {
					t.Errorf("%s is accepted", what)
				}
			}
			refuses("an unknown member", func(o map[string]any) { o["owner"] = "x" })
			for _, name := range slices.Sorted(maps.Keys(asJSON(t, e.value))) {
				refuses(name+" of another type", func(o map[string]any) { o[name] = true })
				refuses(name+" that is null", func(o map[string]any) { o[name] = nil })
				if slices.Contains(schema.Required, name) {
					refuses("no "+name, func(o map[string]any) { delete(o, name) })
				}
			}
		})
	}
}

// TestEveryTypeHasItsExample keeps the routes' types and the examples together.
func TestEveryTypeHasItsExample(t *testing.T) {
	for name, ref := range load(t, generated(t)).Components.Schemas {
		if ref.Value.Example == nil && ref.Value.Discriminator == nil {
			t.Errorf("schema %s has no example", name)
		}
		if ref.Value.OneOf == nil && (ref.Value.AdditionalProperties.Has == nil || *ref.Value.AdditionalProperties.Has) {
			t.Errorf("schema %s allows further members", name)
		}
		if ref.Value.Description == "" {
			t.Errorf("schema %s has no description", name)
		}
	}
}

// TestGrants checks each grant against the schema that its method chooses: it fits that, and no other.
func TestGrants(t *testing.T) {
	schema := load(t, generated(t)).Components.Schemas["UploadGrant"].Value
	for _, e := range examples {
		if reflect.TypeOf(e.value) != reflect.TypeFor[api.UploadGrant]() {
			continue
		}
		if err := schema.VisitJSON(asJSON(t, e.value)); err != nil {
			t.Errorf("%s: %v", e.schema, err)
		}
		for _, method := range append([]string{"", "GET", "post"}, api.Methods...) {
			other := asJSON(t, e.value)
			if other["method"] == method {
				continue
			}
			other["method"] = method
			if schema.VisitJSON(other) == nil {
				t.Errorf("%s with method %q is accepted", e.schema, method)
			}
		}
	}
}

// TestChoices holds a body of several shapes to one of them.
func TestChoices(t *testing.T) {
	one, grant := asJSON(t, exampleRequest), asJSON(t, examplePut)
	batch, grants := map[string]any{"uploads": []any{one}}, asJSON(t, exampleGrants)
	refusal := map[string]any{"error": asJSON(t, exampleError)}
	both := func(a, b map[string]any) map[string]any {
		merged := maps.Clone(a)
		maps.Copy(merged, b)
		return merged
	}
	for schema, values := range map[string]struct{ accepted, refused []map[string]any }{
		"UploadOrBatch": {[]map[string]any{one, batch}, []map[string]any{{}, both(one, batch), grant}},
		"GrantOrGrants": {[]map[string]any{grant, grants}, []map[string]any{{}, both(grant, grants), refusal}},
		"UploadResult":  {[]map[string]any{grant, refusal}, []map[string]any{{}, both(grant, refusal), grants}},
	} {
		schema, name := load(t, generated(t)).Components.Schemas[schema].Value, schema
		for _, value := range values.accepted {
			if err := schema.VisitJSON(value); err != nil {
				t.Errorf("%s: %v is refused: %v", name, value, err)
			}
		}
		for _, value := range values.refused {
			if schema.VisitJSON(value) == nil {
				t.Errorf("%s: %v is accepted", name, value)
			}
		}
	}
}

// TestBoundsNameMembers finds a bound that bounds nothing.
func TestBoundsNameMembers(t *testing.T) {
	known := map[string]bool{}
	for _, e := range examples {
		known[reflect.TypeOf(e.value).Name()] = true
		for i, kind := 0, reflect.TypeOf(e.value); i < kind.NumField(); i++ {
			name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			known[kind.Name()+"."+name] = true
		}
	}
	for name := range bounds {
		if !known[name] {
			t.Errorf("%s is not a member", name)
		}
	}
}

func TestBounds(t *testing.T) {
	schemas := load(t, generated(t)).Components.Schemas
	for _, test := range []struct {
		schema, member string
		value          any
		ok             bool
	}{
		{"PresignedForm", "id", "019a6b5f3c0070008d2f4b1c9e7a6530.mp4", true},
		{"PresignedForm", "id", "019A6B5F3C0070008D2F4B1C9E7A6530.mp4", false},
		{"PresignedForm", "id", "019a6b5f3c0070008d2f4b1c9e7a6530", false},
		{"PresignedForm", "key", "videos/demo@example.com/019a6b5f3c0070008d2f4b1c9e7a6530.mp4", false},
		{"PresignedForm", "expires", "2026-03-14T15:24:26.000Z", true},
		{"PresignedForm", "expires", "2026-03-14T15:24:26Z", false},
		{"PresignedForm", "expires", "2026-03-14T15:24:26.12Z", false},
		{"PresignedForm", "expires", "2026-03-14T15:24:26+01:00", false},
		{"PresignedForm", "expires", "tomorrow, Z", false},
		{"PresignedForm", "fields", map[string]any{}, false},
		{"PresignedForm", "fields", map[string]any{"key": 1.0}, false},
		{"UploadRequest", "filename", "", false},
		{"UploadRequest", "filename", strings.Repeat("é", 255), true},
		{"UploadRequest", "filename", strings.Repeat("a", 256), false},
		{"UploadRequest", "size", 0.0, false},
		{"UploadRequest", "size", 1.0, true},
		{"UploadRequest", "size", 1.5, false},
		{"UploadRequest", "size", 53_687_091_200_000.0, true},
		{"UploadRequest", "size", 53_687_091_200_001.0, false},
		{"UploadRequest", "checksum", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", true},
		{"UploadRequest", "checksum", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg", false},
		{"UploadRequest", "via", "post", false},
		{"UploadRequest", "partSize", 5242880.0, true},
		{"UploadRequest", "partSize", 5242879.0, false},
		{"UploadRequest", "partSize", 5368709120.0, true},
		{"UploadRequest", "partSize", 5368709121.0, false},
		{"UploadBatch", "uploads", []any{}, false},
		{"UploadBatch", "uploads", []any{map[string]any{"filename": "a.mp4", "size": 1.0}}, true},
		{"UploadBatch", "uploads", slices.Repeat([]any{map[string]any{"filename": "a.mp4", "size": 1.0}}, 101), false},
		{"PartsRequest", "uploadId", strings.Repeat("a", 256), true},
		{"PartsRequest", "uploadId", strings.Repeat("a", 257), false},
		{"PartsRequest", "uploadId", "a/b", false},
		{"PartsRequest", "parts", slices.Repeat([]any{map[string]any{"number": 1.0}}, 500), true},
		{"PartsRequest", "parts", slices.Repeat([]any{map[string]any{"number": 1.0}}, 501), false},
		{"PartRequest", "number", 0.0, false},
		{"PartRequest", "number", 10_001.0, false},
		{"PartRequest", "checksum", "rosUhgp5mIg=", true},
		{"PartRequest", "checksum", "rosUhgp5mIg", false},
		{"PartsListRequest", "after", -1.0, false},
		{"PartsListRequest", "after", 10_001.0, false},
		{"CompleteRequest", "size", 0.0, false},
		{"UploadGrantMultipart", "create", map[string]any{"method": "PUT", "url": "https://example.com/", "headers": map[string]any{"a": "b"}}, false},
		{"UploadGrantMultipart", "partCount", 10_000.0, true},
		{"UploadGrantMultipart", "partCount", 10_001.0, false},
		{"Upload", "status", "ready", true},
		{"Upload", "status", "accepted", false},
		{"Upload", "status", "deleted", false},
		{"Upload", "reason", "over_quota", true},
		{"Upload", "reason", "", false},
		{"Upload", "title", strings.Repeat("é", 300), true},
		{"Upload", "title", strings.Repeat("é", 301), false},
		{"Upload", "version", 0.0, true},
		{"Upload", "version", -1.0, false},
		{"Upload", "labels", words(20, 64), true},
		{"Upload", "labels", []any{}, false},
		{"Upload", "createdAt", "2026-03-14T15:24:26.001Z", true},
		{"UploadList", "uploads", []any{}, true},
		{"UploadList", "uploads", []any{7.0}, false},
		{"UploadList", "uploads", []any{map[string]any{"id": "x"}}, false},
		{"UploadList", "cursor", "", false},
		{"UploadPatch", "title", "", true},
		{"UploadPatch", "title", strings.Repeat("x", 301), false},
		{"UploadPatch", "description", strings.Repeat("🏖", 2000), true},
		{"UploadPatch", "description", strings.Repeat("🏖", 2001), false},
		{"UploadPatch", "labels", []any{}, true},
		{"UploadPatch", "labels", words(20, 64), true},
		{"UploadPatch", "labels", words(21, 64), false},
		{"UploadPatch", "labels", words(1, 65), false},
		{"UploadPatch", "labels", []any{""}, false},
		{"UploadPatch", "labels", []any{"a", "a"}, false},
		{"UploadPatch", "labels", []any{7.0}, false},
		{"UploadPatch", "labels", "a", false},
		{"ErrorBody", "code", "not_found", true},
		{"ErrorBody", "code", "teapot", false},
		{"ErrorBody", "message", "", false},
		{"Health", "status", "down", false},
	} {
		ref := schemas[test.schema]
		if ref == nil {
			t.Fatalf("the document has no schema %s", test.schema)
		}
		if err := property(t, ref.Value, test.member).VisitJSON(test.value); (err == nil) != test.ok {
			t.Errorf("%s.%s = %v: got %v, want it to be accepted: %v", test.schema, test.member, test.value, err, test.ok)
		}
	}
}

// words are n different labels of a length.
func words(n, length int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = strings.Repeat(string(rune('a'+i)), length)
	}
	return all
}

func TestPatchChangesSomething(t *testing.T) {
	patch := load(t, generated(t)).Components.Schemas["UploadPatch"].Value
	if patch.VisitJSON(map[string]any{}) == nil {
		t.Error("an empty patch is accepted")
	}
	if err := patch.VisitJSON(map[string]any{"labels": []any{}}); err != nil {
		t.Errorf("a patch of labels alone: %v", err)
	}
}

func property(t *testing.T, schema *openapi3.Schema, name string) *openapi3.Schema {
	t.Helper()
	ref := schema.Properties[name]
	if ref == nil {
		t.Fatalf("no member %s", name)
	}
	return ref.Value
}
