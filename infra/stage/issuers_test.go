package stage_test

import (
	"encoding/json"
	"strings"
	"testing"
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

func TestMistakesOfIssuers(t *testing.T) {
	const (
		urls   = "a URL as the provider's tokens have it in iss: https, without user, query and fragment, at most 255 bytes"
		claims = `the name of a claim, or a path with dots such as "realm_access.roles": 1 to 128 printable ASCII characters`
		good   = `"issuer": "https://id.example.com", "audience": "web"`
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
		"unknown field":     {`[{` + good + `, "mial": "email"}]`, `[0].mial: unknown field; must be one of issuer, audience, mail, subject, roles`},
		"no issuer":         {`[{"audience": "web"}]`, `[0].issuer: must be ` + urls + `; got nothing`},
		"issuer over http":  {`[{"issuer": "http://127.0.0.1", "audience": "web"}]`, `[0].issuer: must be ` + urls + `; got "http://127.0.0.1"`},
		"no audience":       {`[{"issuer": "https://id.example.com"}]`, `[0].audience: must be 1 to 128 printable ASCII characters, as tokens have it in aud; got nothing`},
		"empty audience":    {`[{"issuer": "https://id.example.com", "audience": ""}]`, `[0].audience: must be 1 to 128 printable ASCII characters, as tokens have it in aud; got ""`},
		"audience and more": {`[{"issuer": "https://id.example.com", "audience": ["web"]}]`, `[0].audience: must be 1 to 128 printable ASCII characters, as tokens have it in aud; got ["web"]`},
		"mail as a boolean": {`[{` + good + `, "mail": true}]`, `[0].mail: must be ` + claims + `; got true`},
		"mail and subject":  {`[{` + good + `, "mail": "email", "subject": "sub"}]`, `[0]: must have mail or subject, not both: one of them names the user`},
		"role of no value":  {`[{` + good + `, "roles": {"claim": "groups"}}]`, `[0].roles.service: must be a value of the claim: 1 to 128 printable ASCII characters; got nothing`},
		"role of no claim":  {`[{` + good + `, "roles": {"service": "svc"}}]`, `[0].roles.claim: must be ` + claims + `; got nothing`},
		"twice":             {`[{` + good + `}, {` + good + `, "mail": "email"}]`, `[1]: must have another issuer or audience than those before; got {"audience":"web","issuer":"https://id.example.com","mail":"email"}`},
		"too long":          {`[` + strings.Join(many, ",") + `]`, `: must be at most 3000 bytes of JSON; got 3177`},
	} {
		if _, err := parse(t, `{"dev": {"issuers": `+test.issuers+`}}`); err == nil || err.Error() != "stages.dev.issuers"+test.want {
			t.Errorf("%s: got %v\nwant stages.dev.issuers%s", name, err, test.want)
		}
	}
}
