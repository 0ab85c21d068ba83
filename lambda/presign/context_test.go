package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"postern/api"
	"postern/internal/upload"
)

// askWithContext has a role declare a file with a context, which is JSON.
func askWithContext(t *testing.T, role, via, context string) (status int, body string) {
	t.Helper()
	e := uploadEvent(t, fmt.Sprintf(`{"filename":"a.mp4","size":7,"via":%q,"context":%s}`, via, context))
	e.RequestContext.Authorizer["role"] = role
	response, err := started(t, setup(io.Discard))(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Body
}

// A service's context is sealed, however the file is sent. Nobody else may give one, not even an empty one.
func TestContext(t *testing.T) {
	for _, via := range api.Vias {
		status, body := askWithContext(t, "service", via, `"order \"7\" é"`)
		var got api.UploadGrant
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusCreated {
			t.Fatalf("%s: got %d %s, %v, want 201", via, status, body, err)
		}
		field := got.Fields["x-amz-meta-postern"] + got.Headers["X-Amz-Meta-Postern"]
		if got.Create != nil {
			field = got.Create.Headers["X-Amz-Meta-Postern"]
		}
		declared, ok := key.Open(got.Key, map[string]string{"postern": field})
		if !ok || declared.Context != `order "7" é` {
			t.Errorf("%s: sealed is %+v, %t, want the context", via, declared, ok)
		}
		if strings.Contains(body, "order") {
			t.Errorf("%s: the context is in clear: %s", via, body)
		}
		for _, role := range []string{"user", "Service", "admin"} {
			for _, context := range []string{`"order 7"`, `""`, `"` + strings.Repeat("c", 300) + `"`} {
				status, body := askWithContext(t, role, via, context)
				if status != http.StatusForbidden || !strings.Contains(body, `"context is given by the role service alone: leave it out","code":"forbidden"`) {
					t.Errorf("%s, %s, context %.20s: got %d %s, want 403", via, role, context, status, body)
				}
			}
		}
	}
}

func TestContextBounds(t *testing.T) {
	for _, test := range []struct {
		role, context string
		status        int
		says          string
	}{
		{"service", `"` + strings.Repeat("c", 256) + `"`, 201, ""},
		{"service", `"` + strings.Repeat("é", 128) + `"`, 201, ""},
		{"service", `""`, 201, ""},
		{"service", `null`, 201, ""},
		{"user", `null`, 201, ""},
		{"service", `"` + strings.Repeat("c", 257) + `"`, 400, "has 257 bytes: must be 1 to 256 bytes of UTF-8, of printable characters"},
		{"service", `"` + strings.Repeat("é", 128) + `c"`, 400, "has 257 bytes"},
		{"service", `"a\nb"`, 400, "has a character that is not printable"},
		{"service", `"a\u0000"`, 400, "has a character that is not printable"},
		{"service", `"a\u202eb"`, 400, "has a character that is not printable"},
		{"service", `7`, 400, "field context is the number 7: must be a string"},
		{"service", `{"order":7}`, 400, "field context is an object: must be a string"},
	} {
		status, body := askWithContext(t, test.role, "put", test.context)
		if status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s, context %.30s: got %d %s, want %d %s", test.role, test.context, status, body, test.status, test.says)
		}
	}
}

// In a batch, each file has its own context, and a refused one leaves the others alone.
func TestContextOfABatch(t *testing.T) {
	for role, want := range map[string][]api.Code{"service": {"", "", "invalid_request"}, "user": {"", "forbidden", "forbidden"}} {
		e := uploadEvent(t, fmt.Sprintf(`{"uploads":[{"filename":"a.mp4","size":1},{"filename":"a.mp4","size":1,"context":"order 7"},{"filename":"a.mp4","size":1,"context":%q}]}`,
			strings.Repeat("c", 257)))
		e.RequestContext.Authorizer["role"] = role
		response, err := started(t, setup(io.Discard))(t.Context(), e)
		var got api.UploadGrants
		if err != nil || json.Unmarshal([]byte(response.Body), &got) != nil || len(got.Uploads) != len(want) {
			t.Fatalf("%s: got %d %s, %v", role, response.StatusCode, response.Body, err)
		}
		for i, result := range got.Uploads {
			var code api.Code
			if result.Error != nil {
				code = result.Error.Code
			}
			if code != want[i] || (code == "") != (result.UploadGrant != nil) {
				t.Errorf("%s, file %d: got code %q, want %q", role, i, code, want[i])
			}
		}
		if role != "service" {
			continue
		}
		for i, want := range []string{"", "order 7"} {
			grant := got.Uploads[i].UploadGrant
			declared, ok := key.Open(grant.Key, map[string]string{"postern": grant.Headers["X-Amz-Meta-Postern"]})
			if !ok || declared.Context != want {
				t.Errorf("file %d: sealed is %+v, %t, want context %q", i, declared, ok, want)
			}
		}
	}
}

// The longest context beside the longest name that fits with it is signed for S3, whose metadata holds it.
func TestLongestContextOfAnUpload(t *testing.T) {
	_, body := askWithContext(t, "service", "form", `"`+strings.Repeat(`\"`, 256)+`"`)
	var got api.UploadGrant
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	declared, ok := key.Open(got.Key, map[string]string{"postern": got.Fields["x-amz-meta-postern"]})
	if want := (upload.Declared{Quota: declared.Quota, Files: declared.Files, Size: 7, Filename: "a.mp4", Context: strings.Repeat(`"`, 256)}); !ok || declared != want {
		t.Errorf("got %+v, %t, want %+v", declared, ok, want)
	}
}
