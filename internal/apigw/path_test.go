package apigw_test

import (
	"context"
	"net/http"
	"testing"

	"postern/api"
	"postern/internal/apigw"
)

func TestPath(t *testing.T) {
	for raw, want := range map[string]string{
		id:                id,
		"":                "",
		"a%2eb":           "a.b",
		"a%2Fb":           "a/b",
		"a+b":             "a+b", // in a path, a plus is a plus
		"a%20b":           "a b",
		"%252e":           "%2e", // once
		"%C3%A9%00%0D%0A": "é\x00\r\n",
		"%ff":             "\xff",
		"%":               "%",
		"%zz":             "%zz",
		id + "%":          id + "%",
		id + "%2":         id + "%2",
	} {
		got := received(t, idEvent(http.MethodGet, raw)).Path["id"]
		if got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
		if raw != id && api.IsID(got) {
			t.Errorf("%q is an id", raw)
		}
	}
}

func TestNoContent(t *testing.T) {
	response, log := call(t, func(context.Context, apigw.Request) (any, error) { return nil, nil }, idEvent(http.MethodDelete, id))
	if response.StatusCode != http.StatusNoContent || response.Body != "" || log != "" {
		t.Errorf("got %d %q, log %q, want 204 without a body", response.StatusCode, response.Body, log)
	}
}
