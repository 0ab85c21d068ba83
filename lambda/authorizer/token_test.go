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

// What the later steps would refuse, too, is refused here, before any key is looked at.
func TestParseToken(t *testing.T) {
	header := payload{"alg": "ES256", "kid": "k"}
	for name, test := range map[string]struct {
		change payload
		good   bool
	}{
		"good":             {payload{}, true},
		"an access token":  {payload{"typ": "AT+JWT"}, true},
		"kid of 256 bytes": {payload{"kid": strings.Repeat("k", maxKeyID)}, true},
		"longer kid":       {payload{"kid": strings.Repeat("k", maxKeyID+1)}, false},
		"alg none":         {payload{"alg": "none"}, false},
		"HS256":            {payload{"alg": "HS256"}, false},
		"crit":             {payload{"crit": []string{"b64"}}, false},
	} {
		_, err := parseToken(part(t, header.with(test.change)) + "." + part(t, payload{"iss": "https://id.example.com"}) + ".AAAA")
		if (err == nil) != test.good {
			t.Errorf("%s: got %v, want it good: %v", name, err, test.good)
		}
	}
}
