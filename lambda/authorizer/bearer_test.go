package main

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/identity"
)

// bearerOf is the header of a token.
func bearerOf(token string) string { return "Bearer " + token }

// caller is who a request with a token acts for, or nothing if it is refused.
func (b *bench) caller(t *testing.T, token string, mails ...string) (apigw.Caller, string) {
	t.Helper()
	answer, err := b.handle(t.Context(), requestOf(t, bearerOf(token), mails...))
	if err != nil {
		return apigw.Caller{}, err.Error()
	}
	if answer.PolicyDocument.Statement[0].Effect != "Allow" {
		return apigw.Caller{}, answer.Context["message"].(string)
	}
	answer.Context["principalId"] = answer.PrincipalID
	caller, err := apigw.CallerFrom(answer.Context)
	if err != nil {
		t.Fatal(err)
	}
	return caller, ""
}

func TestWhomATokenNames(t *testing.T) {
	issuer := newIssuer(t)
	subject := func(name string) string {
		return identity.SubjectOwner(ownerKey, issuer.URL, identity.Subject(name))
	}
	byMail := contract.Issuer{Issuer: issuer.URL, Audience: clientID, Mail: "email", Roles: contract.RoleClaim{Claim: "realm.roles", Service: "svc"}}
	bySubject := contract.Issuer{Issuer: issuer.URL, Audience: clientID}
	byOID := contract.Issuer{Issuer: issuer.URL, Audience: clientID, Subject: "oid"}
	for _, test := range []struct {
		name    string
		entry   contract.Issuer
		claims  payload
		owner   string
		role    string
		maxSize int64
	}{
		{"a mail with a row", byMail, nil, demoOwner, "user", 1000},
		{"a row with limits", byMail, payload{"email": "limited@example.com"}, limitedOwner, "user", 7},
		{"a mail in upper case", byMail, payload{"email": "DEMO@Example.com"}, demoOwner, "user", 1000},
		{"a mail without a row", byMail, payload{"email": "new@example.com"}, identity.Owner(ownerKey, "new@example.com"), "user", 1000},
		{"a row's role is for passwords", byMail, payload{"email": "service@example.com"}, serviceOwner, "user", 1},
		{"a role", byMail, payload{"realm.roles": "svc"}, demoOwner, "service", 1000},
		{"a role among others", byMail, payload{"realm.roles": []string{"a", "svc"}}, demoOwner, "service", 1000},
		{"a role by a path", byMail, payload{"realm": payload{"roles": []string{"svc"}}}, demoOwner, "service", 1000},
		{"another role", byMail, payload{"realm.roles": []string{"svc2", "SVC", "sv"}}, demoOwner, "user", 1000},
		{"a role as an object", byMail, payload{"realm.roles": payload{"svc": true}}, demoOwner, "user", 1000},
		{"a role of another claim", byMail, payload{"roles": "svc"}, demoOwner, "user", 1000},
		{"a subject", bySubject, payload{"email": nil}, subject("user-1"), "user", 1000},
		{"a subject, whatever the mail", bySubject, payload{"email_verified": false}, subject("user-1"), "user", 1000},
		{"a subject in upper case", bySubject, payload{"sub": "USER-1"}, subject("USER-1"), "user", 1000},
		{"a subject that is a mail", bySubject, payload{"sub": "demo@example.com"}, subject("demo@example.com"), "user", 1000},
		{"a subject by another claim", byOID, payload{"oid": "o-1"}, subject("o-1"), "user", 1000},
		{"an audience among others", byMail, payload{"aud": []string{"other", clientID}}, demoOwner, "user", 1000},
		{"verified as a text", byMail, payload{"email_verified": "true"}, demoOwner, "user", 1000},
		{"an access token of Cognito", bySubject, payload{"aud": nil, "token_use": "access", "client_id": clientID}, subject("user-1"), "user", 1000},
	} {
		b := newBearerBench(t, issuer, test.entry)
		got, refused := b.caller(t, issuer.sign(t, b.good(issuer).with(test.claims)))
		if refused != "" || got.Owner != test.owner || got.Principal != test.owner || got.Role != test.role || got.MaxSize != test.maxSize {
			t.Errorf("%s: got owner %s, role %s, size %d, refusal %q, want %s, %s, %d", test.name, got.Owner, got.Role, got.MaxSize, refused,
				test.owner, test.role, test.maxSize)
		}
		if log := b.log.String(); log != "" {
			t.Errorf("%s: log %s", test.name, log)
		}
	}
}

// A mail and a subject of the same text, and the same subject of two issuers, are different owners.
func TestOwnersHaveNothingInCommon(t *testing.T) {
	owners := map[string]string{}
	for _, pair := range [][2]string{{"a", "b"}, {"a", "bc"}, {"ab", "c"}, {"a\x00b", "c"}} {
		owner := identity.SubjectOwner(ownerKey, pair[0], identity.Subject(pair[1]))
		if other, ok := owners[owner]; ok {
			t.Errorf("%q has the owner of %s", pair, other)
		}
		owners[owner] = pair[0]
	}
	if identity.SubjectOwner(ownerKey, "", "demo@example.com") == identity.Owner(ownerKey, "demo@example.com") {
		t.Error("a subject has the owner of a mail")
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	issuer, other := newIssuer(t), newIssuer(t)
	b := newBearerBench(t, issuer)
	good := b.good(issuer)
	now := b.clock.at.Unix()
	public := issuer.published[0]
	jwk, err := public.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	header := func(others payload) payload {
		return payload{"alg": "ES256", "kid": "key-1", "typ": "JWT"}.with(others)
	}
	es256 := func(others payload) string { return signES256(t, issuer.key, header(others), good) }
	forged := func(others payload) string { return signES256(t, other.key, header(others), good) }
	claims := func(others payload) string { return issuer.sign(t, good.with(others)) }
	signed := issuer.sign(t, good)
	for name, token := range map[string]string{
		"empty":                          "",
		"no parts":                       "abc",
		"alg none":                       part(t, payload{"alg": "none"}) + "." + part(t, good) + ".",
		"alg none with a signature":      part(t, payload{"alg": "none"}) + "." + part(t, good) + ".AAAA",
		"alg None":                       part(t, payload{"alg": "None"}) + "." + part(t, good) + ".AAAA",
		"HS256 with the public key":      signHS256(t, jwk, payload{"alg": "HS256", "kid": "key-1"}, good),
		"ES256 that says HS256":          es256(payload{"alg": "HS256"}),
		"ES256K":                         es256(payload{"alg": "ES256K"}),
		"no alg":                         es256(payload{"alg": nil}),
		"another issuer's key":           forged(nil),
		"another key, of another kid":    forged(payload{"kid": "key-2"}),
		"another key, without kid":       forged(payload{"kid": nil}),
		"kid of a path":                  forged(payload{"kid": "../../../../dev/null"}),
		"kid of 10 KB":                   es256(payload{"kid": strings.Repeat("k", 10<<10)}),
		"kid of 300 bytes":               es256(payload{"kid": strings.Repeat("k", 300)}),
		"kid of a number":                es256(payload{"kid": 1}),
		"jku":                            forged(payload{"jku": other.URL + keysPath}),
		"x5u":                            forged(payload{"x5u": other.URL + keysPath}),
		"its own key":                    forged(payload{"jwk": other.published[0], "kid": nil}),
		"crit":                           es256(payload{"crit": []string{"exp"}}),
		"a logout token":                 es256(payload{"typ": "logout+jwt"}),
		"expired":                        claims(payload{"exp": now - 60}),
		"no expiry":                      claims(payload{"exp": nil}),
		"expiry as a text":               claims(payload{"exp": "9999999999"}),
		"expiry of null":                 signES256(t, issuer.key, header(nil), payload{"iss": issuer.URL, "aud": clientID, "exp": nil}),
		"not yet valid":                  claims(payload{"nbf": now + 61}),
		"nbf as a text":                  claims(payload{"nbf": "0"}),
		"no audience":                    claims(payload{"aud": nil}),
		"another audience":               claims(payload{"aud": "other"}),
		"audiences without ours":         claims(payload{"aud": []string{"other", clientID + "2"}}),
		"client_id of no access token":   claims(payload{"aud": nil, "client_id": clientID}),
		"client_id beside an audience":   claims(payload{"aud": "other", "client_id": clientID, "token_use": "access"}),
		"no issuer":                      claims(payload{"iss": nil}),
		"an unknown issuer":              claims(payload{"iss": other.URL}),
		"the issuer with a slash":        claims(payload{"iss": issuer.URL + "/"}),
		"unverified mail":                claims(payload{"email_verified": false}),
		"mail that nobody speaks of":     claims(payload{"email_verified": nil}),
		"verified as a number":           claims(payload{"email_verified": 1}),
		"no mail":                        claims(payload{"email": nil}),
		"mail of a look-alike":           claims(payload{"email": "dem\u043e@example.com"}),
		"mail with a Kelvin sign":        claims(payload{"email": "\u212aim@example.com"}),
		"mails":                          claims(payload{"email": []string{"demo@example.com"}}),
		"mail with a line end":           claims(payload{"email": "demo@example.com\n"}),
		"a token of 16 KB":               claims(payload{"filler": strings.Repeat("x", 16<<10)}),
		"claims in upper case":           claims(payload{"aud": nil, "AUD": clientID}),
		"a JWE":                          part(t, payload{"alg": "RSA-OAEP", "enc": "A256GCM"}) + ".AAAA.AAAA.AAAA.AAAA",
		"JSON serialization":             `{"payload":"` + part(t, good) + `","protected":"` + part(t, header(nil)) + `","signature":"AAAA"}`,
		"no signature":                   signed[:strings.LastIndex(signed, ".")+1],
		"a signature cut short":          signed[:len(signed)-4],
		"a changed payload":              strings.Replace(signed, "."+part(t, good)+".", "."+part(t, good.with(payload{"sub": "user-2"}))+".", 1),
		"padding":                        signed + "==",
		"a line end":                     signed[:20] + "\n" + signed[20:],
		"a space behind":                 signed + " ",
		"a fourth part":                  signed + ".AAAA",
		"a payload that is no object":    part(t, header(nil)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`"x"`)) + ".AAAA",
		"a signature that is no base64":  signed[:strings.LastIndex(signed, ".")+1] + "!!!",
		"Basic credentials in its place": strings.TrimPrefix(demo, "Basic "),
	} {
		if got, refused := b.caller(t, token); refused != "Unauthorized" {
			t.Errorf("%s: got %+v, %q, want Unauthorized", name, got.Owner, refused)
		}
	}
	if got := b.log.String(); got != "" {
		t.Errorf("log %s", got)
	}
	if got := issuer.asked(); got != 1 {
		t.Errorf("the issuer was asked %d times for its keys, want once", got)
	}
	if got := other.asked(); got != 0 {
		t.Errorf("another issuer was asked %d times, want never", got)
	}
	if _, refused := b.caller(t, signed); refused != "" {
		t.Errorf("the good token: %s", refused)
	}
}

// What can be told from the token alone costs no request.
func TestTokensThatCostNoFetch(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	for name, token := range map[string]string{
		"alg none": part(t, payload{"alg": "none"}) + "." + part(t, b.good(issuer)) + ".AAAA",
		"HS256":    signHS256(t, []byte("secret"), payload{"alg": "HS256"}, b.good(issuer)),
		"a JWE":    part(t, payload{"alg": "RSA-OAEP", "enc": "A256GCM", "iss": issuer.URL}) + ".AAAA.AAAA.AAAA.AAAA",
		"16 KB":    issuer.sign(t, b.good(issuer).with(payload{"filler": strings.Repeat("x", 16<<10)})),
		"unknown":  issuer.sign(t, b.good(issuer).with(payload{"iss": "https://unknown.example.com"})),
	} {
		if _, refused := b.caller(t, token); refused != "Unauthorized" {
			t.Errorf("%s: %q, want Unauthorized", name, refused)
		}
	}
	if got := issuer.asked(); got != 0 {
		t.Errorf("the issuer was asked %d times, want never", got)
	}
}

func TestTwoAuthorizationHeaders(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	token := bearerOf(issuer.sign(t, b.good(issuer)))
	for name, headers := range map[string][]string{
		"twice the token": {token, token}, "token and password": {token, demo}, "password and token": {demo, token},
	} {
		event := requestOf(t, token)
		event.MultiValueHeaders = map[string][]string{"Authorization": headers}
		got, err := b.handle(t.Context(), event)
		checkRefused(t, name, got, err, "Unauthorized")
	}
}

// A stage without issuers takes no token, and one without Basic takes tokens alone.
func TestWhichSchemesAStageTakes(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	token := issuer.sign(t, b.good(issuer))
	b.basic = false
	if _, refused := b.caller(t, token); refused != "" {
		t.Errorf("a token without Basic: %s", refused)
	}
	got, err := b.handle(t.Context(), requestOf(t, demo))
	checkRefused(t, "a password without Basic", got, err, "Unauthorized")
	b.basic, b.bearer = true, nil
	got, err = b.handle(t.Context(), requestOf(t, bearerOf(token)))
	checkRefused(t, "a token without issuers", got, err, "Unauthorized")
	if none, err := newBearer(nil, strings.NewReader("")); none != nil || err != nil {
		t.Errorf("without issuers there is %v, %v, want nothing", none, err)
	}
}

// The schemes's name may be written in any case, with several spaces (RFC 9110, section 11.1).
func TestSpellingsOfBearer(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	token := issuer.sign(t, b.good(issuer))
	for _, header := range []string{"bearer " + token, "BEARER  " + token} {
		if got, err := b.handle(t.Context(), requestOf(t, header)); err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" {
			t.Errorf("%.8s: %v", header, err)
		}
	}
}

// Clocks may differ by a minute.
func TestSkew(t *testing.T) {
	issuer := newIssuer(t)
	for name, test := range map[string]struct {
		claims payload
		after  time.Duration
		want   string
	}{
		"a moment before the skew ends": {payload{}, 359 * time.Second, ""},
		"when the skew ends":            {payload{}, 360 * time.Second, "Unauthorized"},
		"not yet valid, by the skew":    {payload{"nbf": 60}, 0, ""},
		"not yet valid":                 {payload{"nbf": 61}, 0, "Unauthorized"},
		"valid then":                    {payload{"nbf": 61}, time.Second, ""},
		"with fractions":                {payload{"exp": 300.9}, 359 * time.Second, ""},
	} {
		b := newBearerBench(t, issuer)
		claims := b.good(issuer)
		for claim, after := range test.claims {
			switch after := after.(type) {
			case int:
				claims[claim] = b.clock.at.Unix() + int64(after)
			case float64:
				claims[claim] = float64(b.clock.at.Unix()) + after
			}
		}
		b.clock.move(test.after)
		if _, refused := b.caller(t, issuer.sign(t, claims)); refused != test.want {
			t.Errorf("%s: got %q, want %q", name, refused, test.want)
		}
	}
}

// A token is remembered for a minute, and not beyond its expiry.
func TestRememberedTokens(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	users := memoryUsers{"demo@example.com": rows()["demo@example.com"]}
	b.users = users
	long, short := issuer.sign(t, b.good(issuer)), issuer.sign(t, b.good(issuer).with(payload{"exp": b.clock.at.Unix() - 30}))
	for _, token := range []string{long, short} {
		if _, refused := b.caller(t, token); refused != "" {
			t.Fatal(refused)
		}
	}
	// The row goes, and the owner was removed.
	delete(users, "demo@example.com")
	b.removals = removedOwners{identity.Owner(ownerKey, "demo@example.com"): true}
	b.clock.move(59 * time.Second)
	if _, refused := b.caller(t, long); refused != "" {
		t.Errorf("after 59 s: %q, want it remembered", refused)
	}
	if _, refused := b.caller(t, short); refused != "Unauthorized" {
		t.Errorf("an expired token: got %q, want Unauthorized", refused)
	}
	b.clock.move(time.Second)
	for range 2 {
		if _, refused := b.caller(t, long); refused != "this user was removed" {
			t.Errorf("after 60 s: got %q, want that the user was removed", refused)
		}
	}
	if log := b.log.String(); log != "" {
		t.Errorf("log %s", log)
	}
}

func TestRemovedSubject(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer, contract.Issuer{Issuer: issuer.URL, Audience: clientID})
	b.removals = removedOwners{identity.SubjectOwner(ownerKey, issuer.URL, "user-1"): true}
	if _, refused := b.caller(t, issuer.sign(t, b.good(issuer))); refused != "this user was removed" {
		t.Errorf("got %q, want that the user was removed", refused)
	}
	if _, refused := b.caller(t, issuer.sign(t, b.good(issuer).with(payload{"sub": "user-2"}))); refused != "" {
		t.Errorf("another subject: %q", refused)
	}
}

// Who presents a token may act for another only as a service.
func TestWhomATokenMayActFor(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	user := issuer.sign(t, b.good(issuer))
	service := issuer.sign(t, b.good(issuer).with(payload{"groups": []string{"uploads-service"}}))
	for name, test := range map[string]struct{ token, mail, owner, refused string }{
		"its own mail":           {user, "demo@example.com", demoOwner, ""},
		"another's":              {user, "limited@example.com", "", "you may not act for another's mail"},
		"another's as a service": {service, "limited@example.com", limitedOwner, ""},
		"a removed user's":       {service, "removed@example.com", "", "you may not act for another's mail"},
	} {
		got, refused := b.caller(t, test.token, test.mail)
		if diff := cmp.Diff([]string{got.Owner, refused}, []string{test.owner, test.refused}); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

// A row that narrows an account narrows its tokens, too.
func TestTokenOfANarrowedAccount(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	row := rows()["demo@example.com"]
	row.Expires = b.clock.at
	b.users = memoryUsers{"demo@example.com": row}
	if _, refused := b.caller(t, issuer.sign(t, b.good(issuer))); !strings.HasPrefix(refused, "your credentials have expired") {
		t.Errorf("got %q, want that the credentials have expired", refused)
	}
}
