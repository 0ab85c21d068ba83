package main

import (
	"errors"
	"strings"
	"testing"
)

// Whatever a header holds, reading a token does not fail, and what it returns is within its bounds.
func FuzzParseToken(f *testing.F) {
	issuer := "https://id.example.com"
	for _, seed := range []string{
		"", "..", "a.b.c", "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.AAAA",
		"eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.", "eyJhbGciOiJFUzI1NiIsImNyaXQiOltdfQ.e30.AAAA",
		"a.b.c.d.e", `{"payload":"e30"}`, issuer, strings.Repeat("a", maxHeader+1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := parseToken(token)
		if err != nil {
			if !errors.Is(err, errUnauthorized) || got != (claimed{}) {
				t.Errorf("got %+v, %v, want nothing and errUnauthorized", got, err)
			}
			return
		}
		if got.token != token || got.issuer == "" || len(got.token) > maxHeader || len(got.keyID) > maxKeyID || strings.Count(token, ".") != 2 {
			t.Errorf("%q: got %+v", token, got)
		}
	})
}
