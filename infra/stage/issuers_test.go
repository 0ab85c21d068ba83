package stage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
)

func TestIssuers(t *testing.T) {
	const deployed, local, nowhere = 1, 2, 3
	for issuer, where := range map[string]int{
		"https://id.example.com":                                  deployed,
		"https://id.example.com/":                                 deployed,
		"https://id.example.com:8443/realms/a":                    deployed,
		"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x": deployed,
		"https://login.microsoftonline.com/0-1-2/v2.0":            deployed,
		"http://127.0.0.1:8080/issuer":                            local,
		"http://[::1]:8080":                                       local,

		"":                                        nowhere,
		"id.example.com":                          nowhere,
		"http://id.example.com":                   nowhere,
		"http://localhost:8080":                   nowhere, // a name that a resolver may send elsewhere
		"http://192.168.1.5":                      nowhere,
		"https://":                                nowhere,
		"https://:8443":                           nowhere,
		"https://user@id.example.com":             nowhere,
		"https://id.example.com?tenant=1":         nowhere,
		"https://id.example.com?":                 nowhere,
		"https://id.example.com#a":                nowhere,
		"https://id.example.com#":                 nowhere,
		"https://id.example.com;a":                nowhere,
		"https://*.example.com":                   nowhere,
		"https:id.example.com":                    nowhere,
		"HTTPS://id.example.com":                  nowhere,
		"https://id.example.com/ a":               nowhere,
		"ftp://id.example.com":                    nowhere,
		"https://" + strings.Repeat("a", 255-8):   deployed,
		"https://" + strings.Repeat("a", 255-8+1): nowhere,
	} {
		text, err := json.Marshal(issuer)
		if err != nil {
			t.Fatal(err)
		}
		for stage, allowed := range map[string]bool{"dev": where == deployed, "local": where != nowhere} {
			if _, err := parse(t, `{"`+stage+`": {"issuers": [{"issuer": `+string(text)+`, "audience": "web"}]}}`); (err == nil) != allowed {
				t.Errorf("%q of stage %s: got %v, want it allowed: %v", issuer, stage, err, allowed)
			}
		}
	}
}

// TestPageOfIssuer reads as whose client the page signs people in, and which token it sends.
func TestPageOfIssuer(t *testing.T) {
	for page, want := range map[string]contract.Provider{
		`{"clientId": "web"}`: {Issuer: "https://id.example.com", ClientID: "web", Scope: "openid email"},
		`{"clientId": "page", "scope": "openid offline_access", "origin": "https://auth.example.com:8443"}`: {
			Issuer: "https://id.example.com", ClientID: "page", Scope: "openid offline_access", Audience: "web", Origin: "https://auth.example.com:8443",
		},
	} {
		got, err := parse(t, `{"dev": {"basic": false, "issuers": [
			{"issuer": "https://other.example.com", "audience": "web"},
			{"issuer": "https://id.example.com", "audience": "web", "page": `+page+`}]}}`)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got["dev"].SignIn(), contract.SignIn{Provider: &want}); diff != "" {
			t.Errorf("%s (-got +want):\n%s", page, diff)
		}
		if text := fmt.Sprint(got["dev"].Issuers); strings.Contains(text, "8443") {
			t.Errorf("the authorizer is told of the page: %s", text)
		}
	}
}

func TestMistakesOfIssuers(t *testing.T) {
	const (
		urls   = "a URL as the provider's tokens have it in iss: https, without user, query and fragment, at most 255 bytes"
		claims = `the name of a claim, or a path with dots such as "realm_access.roles": 1 to 128 printable ASCII characters`
		// where the page's tokens are from
		pageOrigin = `must be the https origin where the provider gives tokens, such as "https://app.auth.eu-central-1.amazoncognito.com"`

		good = `"issuer": "https://id.example.com", "audience": "web"`
	)
	long := `{"issuer": "https://` + strings.Repeat("a", 240) + `", "audience": "` + strings.Repeat("b", 120)
	var many []string
	for _, end := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		many = append(many, long+end+`"}`)
	}
	for name, test := range map[string]struct{ issuers, want string }{
		"an object":         {`{` + good + `}`, `: must be a list of at most 8 objects, each with issuer and audience; got {"audience":"web","issuer":"https://id.example.com"}`},
		"too many":          {`[1,2,3,4,5,6,7,8,9]`, `: must be a list of at most 8 objects, each with issuer and audience; got [1,2,3,4,5,6,7,8,9]`},
		"a text":            {`["https://id.example.com"]`, `[0]: must be an object; got "https://id.example.com"`},
		"unknown field":     {`[{` + good + `, "mial": "email"}]`, `[0].mial: unknown field; must be one of issuer, audience, mail, subject, roles, page`},
		"no issuer":         {`[{"audience": "web"}]`, `[0].issuer: must be ` + urls + `; got nothing`},
		"issuer over http":  {`[{"issuer": "http://127.0.0.1", "audience": "web"}]`, `[0].issuer: must be ` + urls + `; got "http://127.0.0.1"`},
		"no audience":       {`[{"issuer": "https://id.example.com"}]`, `[0].audience: must be 1 to 128 printable ASCII characters, as tokens have it in aud; got nothing`},
		"empty audience":    {`[{"issuer": "https://id.example.com", "audience": ""}]`, `[0].audience: must be 1 to 128 printable ASCII characters, as tokens have it in aud; got ""`},
		"audience and more": {`[{"issuer": "https://id.example.com", "audience": ["web"]}]`, `[0].audience: must be 1 to 128 printable ASCII characters, as tokens have it in aud; got ["web"]`},
		"mail as a boolean": {`[{` + good + `, "mail": true}]`, `[0].mail: must be ` + claims + `; got true`},
		"mail and subject":  {`[{` + good + `, "mail": "email", "subject": "sub"}]`, `[0]: must have mail or subject, not both: one of them names the user`},
		"role of no value":  {`[{` + good + `, "roles": {"claim": "groups"}}]`, `[0].roles.service: must be a value of the claim: 1 to 128 printable ASCII characters; got nothing`},
		"role of no claim":  {`[{` + good + `, "roles": {"service": "svc"}}]`, `[0].roles.claim: must be ` + claims + `; got nothing`},
		"page of no client": {`[{` + good + `, "page": {}}]`, `[0].page.clientId: must be what the provider calls the page: 1 to 128 printable ASCII characters; got nothing`},
		"scope":             {`[{` + good + `, "page": {"clientId": "web", "scope": "email"}}]`, `[0].page.scope: must be the scopes that the page asks for, with blanks between, openid among them, at most 255 characters; got "email"`},
		"two blanks":        {`[{` + good + `, "page": {"clientId": "web", "scope": "openid  email"}}]`, `[0].page.scope: must be the scopes that the page asks for, with blanks between, openid among them, at most 255 characters; got "openid  email"`},
		"origin and path":   {`[{` + good + `, "page": {"clientId": "web", "origin": "https://a.example.com/"}}]`, `[0].page.origin: ` + pageOrigin + `; got "https://a.example.com/"`},
		"origin over http":  {`[{` + good + `, "page": {"clientId": "web", "origin": "http://127.0.0.1"}}]`, `[0].page.origin: ` + pageOrigin + `; got "http://127.0.0.1"`},
		"origin and more":   {`[{` + good + `, "page": {"clientId": "web", "origin": "https://a.example.com; script-src *"}}]`, `[0].page.origin: ` + pageOrigin + `; got "https://a.example.com; script-src *"`},
		"two pages":         {`[{` + good + `, "page": {"clientId": "web"}}, {"issuer": "https://b.example.com", "audience": "web", "page": {"clientId": "web"}}]`, `[1].page: must be of one issuer alone: the page signs people in there`},
		"twice":             {`[{` + good + `}, {` + good + `, "mail": "email"}]`, `[1]: must have another issuer or audience than those before; got {"audience":"web","issuer":"https://id.example.com","mail":"email"}`},
		"too long":          {`[` + strings.Join(many, ",") + `]`, `: must be at most 3000 bytes of JSON; got 3177`},
	} {
		if _, err := parse(t, `{"dev": {"issuers": `+test.issuers+`}}`); err == nil || err.Error() != "stages.dev.issuers"+test.want {
			t.Errorf("%s: got %v\nwant stages.dev.issuers%s", name, err, test.want)
		}
	}
}
