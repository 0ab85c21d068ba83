package stage

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"postern/internal/contract"
)

// Bounds of the issuers. All of a function's variables share 4 KB.
// Source: Lambda Developer Guide, "Lambda quotas".
const (
	maxIssuers      = 8
	maxIssuersBytes = 3000 // as JSON
)

var (
	deployedIssuer = rule[string]{
		want:  "a URL as the provider's tokens have it in iss: https, without user, query and fragment, at most 255 bytes",
		parse: func(value any) (string, bool) { s, ok := value.(string); return s, ok && isIssuer(s, false) },
	}
	localIssuer = rule[string]{
		want:  "a URL as the provider's tokens have it in iss: https, or http at this machine's own address, without user, query and fragment, at most 255 bytes",
		parse: func(value any) (string, bool) { s, ok := value.(string); return s, ok && isIssuer(s, true) },
	}
	claimText = regexp.MustCompile(`^[!-~]([ -~]{0,126}[!-~])?$`)
	audience  = rule[string]{want: "1 to 128 printable ASCII characters, as tokens have it in aud", parse: matching(claimText)}
	claimName = rule[string]{
		want:  `the name of a claim, or a path with dots such as "realm_access.roles": 1 to 128 printable ASCII characters`,
		parse: matching(claimText),
	}
	clientID = rule[string]{want: "what the provider calls the page: 1 to 128 printable ASCII characters", parse: matching(claimText)}
	scopes   = rule[string]{
		want:  `the scopes that the page asks for, with blanks between, openid among them, at most 255 characters`,
		parse: func(value any) (string, bool) { s, ok := value.(string); return s, ok && isScope(s) },
	}
	claimValue = rule[string]{want: "a value of the claim: 1 to 128 printable ASCII characters", parse: matching(claimText)}
)

// readIssuers reads a list of issuers, and as whose client the page signs people in.
func readIssuers(o *object, name string, isLocal bool, into *[]contract.Issuer, page **contract.Provider) {
	value, ok := o.field(name)
	if !ok {
		return
	}
	path := o.path + "." + name
	members, ok := value.([]any)
	if !ok || len(members) > maxIssuers {
		o.fail("%s: must be a list of at most %d objects, each with issuer and audience; got %s", path, maxIssuers, show(value))
		return
	}
	issuers := make([]contract.Issuer, len(members))
	for i, member := range members {
		readObject(fmt.Sprintf("%s[%d]", path, i), member, o.errs, func(o *object) { readIssuer(o, isLocal, &issuers[i], page) })
		if slices.ContainsFunc(issuers[:i], func(earlier contract.Issuer) bool {
			return earlier.Issuer == issuers[i].Issuer && earlier.Audience == issuers[i].Audience
		}) {
			o.fail("%s[%d]: must have another issuer or audience than those before; got %s", path, i, show(member))
		}
	}
	if encoded, _ := json.Marshal(issuers); len(encoded) > maxIssuersBytes {
		o.fail("%s: must be at most %d bytes of JSON; got %d", path, maxIssuersBytes, len(encoded))
	}
	*into = issuers
}

func readIssuer(o *object, isLocal bool, into *contract.Issuer, page **contract.Provider) {
	url := deployedIssuer
	if isLocal {
		url = localIssuer
	}
	readRequired(o, "issuer", &into.Issuer, url)
	readRequired(o, "audience", &into.Audience, audience)
	read(o, "mail", &into.Mail, claimName)
	read(o, "subject", &into.Subject, claimName)
	o.object("roles", func(o *object) {
		readRequired(o, "claim", &into.Roles.Claim, claimName)
		readRequired(o, "service", &into.Roles.Service, claimValue)
	})
	o.object("page", func(o *object) {
		if *page != nil {
			o.fail("%s: must be of one issuer alone: the page signs people in there", o.path)
		}
		*page = readProvider(o, isLocal, *into)
	})
	if into.Mail != "" && into.Subject != "" {
		o.fail("%s: must have mail or subject, not both: one of them names the user", o.path)
	}
}

// defaultScope asks for who somebody is, and for the mail, which often names the user.
const defaultScope = "openid email"

// readProvider reads how the page is a client of an issuer. Where the tokens are for the page itself, it sends ID tokens.
func readProvider(o *object, isLocal bool, issuer contract.Issuer) *contract.Provider {
	origin := rule[string]{
		want: "the https origin where the provider gives tokens, such as \"https://app.auth.eu-central-1.amazoncognito.com\"",
		parse: func(value any) (string, bool) {
			s, ok := value.(string)
			return s, ok && isIssuer(s, isLocal) && strings.Count(s, "/") == 2
		},
	}
	p := &contract.Provider{Issuer: issuer.Issuer, Scope: defaultScope}
	readRequired(o, "clientId", &p.ClientID, clientID)
	read(o, "scope", &p.Scope, scopes)
	read(o, "origin", &p.Origin, origin)
	if p.ClientID != issuer.Audience {
		p.Audience = issuer.Audience
	}
	return p
}

// isScope reports whether s is a list of scopes, openid among them.
// Source: RFC 6749, section 3.3.
func isScope(s string) bool {
	all := strings.Split(s, " ")
	return len(s) <= 255 && slices.Contains(all, "openid") &&
		!slices.ContainsFunc(all, func(scope string) bool { return !claimText.MatchString(scope) || strings.ContainsAny(scope, `"\`) })
}

// readRequired reads a field that has no default.
func readRequired[T any](o *object, name string, into *T, rule rule[T]) {
	if _, ok := o.values[name]; !ok {
		o.known = append(o.known, name)
		o.fail("%s.%s: must be %s; got nothing", o.path, name, rule.want)
		return
	}
	read(o, name, into, rule)
}

// isIssuer reports whether s can be an issuer identifier. allowLoopback lets it be http at a loopback address.
// Source: OpenID Connect Core 1.0, section 2, "iss".
func isIssuer(s string, allowLoopback bool) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > 255 || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "" ||
		u.String() != s || strings.ContainsAny(s, "?#") || strings.ContainsAny(u.Host, "!$&'()*+,;=") {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return allowLoopback && u.Scheme == "http" && (err == nil && ip.IsLoopback())
}
