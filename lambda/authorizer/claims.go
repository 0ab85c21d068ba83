package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"postern/internal/contract"
	"postern/internal/identity"
)

// skew is how far the issuer's clock may be from ours.
const skew = 60 * time.Second

// claims are the payload of a token whose signature was verified. Values are read by their exact names, of which
// encoding/json alone would take upper and lower case for the same.
type claims map[string]json.RawMessage

// signedIn is what a verified token says of its user.
type signedIn struct {
	mail    identity.Mail    // if empty, issuer and subject name the user
	subject identity.Subject // empty if mail is not
	role    identity.Role
	expires time.Time
}

// read returns what the claims say to an issuer's entry, as of now. What is missing, malformed, expired, not yet valid or for
// another audience is errUnauthorized.
func (c claims) read(issuer contract.Issuer, now time.Time) (signedIn, error) {
	expires, ok := c.time("exp")
	if !ok || !now.Before(expires.Add(skew)) {
		return signedIn{}, errUnauthorized
	}
	if _, given := c["nbf"]; given {
		if begins, ok := c.time("nbf"); !ok || now.Add(skew).Before(begins) {
			return signedIn{}, errUnauthorized
		}
	}
	if !c.isFor(issuer.Audience) {
		return signedIn{}, errUnauthorized
	}
	caller := signedIn{role: identity.RoleUser, expires: expires}
	if issuer.Roles.Claim != "" && slices.Contains(c.texts(issuer.Roles.Claim), issuer.Roles.Service) {
		caller.role = identity.RoleService
	}
	var err error
	if issuer.Mail != "" {
		caller.mail, err = identity.ParseMail(c.text(issuer.Mail))
		if !c.isTrue("email_verified") {
			err = errUnauthorized
		}
	} else {
		caller.subject, err = identity.ParseSubject(c.text(orDefault(issuer.Subject, "sub")))
	}
	if err != nil {
		return signedIn{}, errUnauthorized
	}
	return caller, nil
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// isFor reports whether a token is for an audience. Only an access token of Cognito, which has no aud, names it in client_id.
// Source: RFC 7519, section 4.1.3, and Amazon Cognito Developer Guide, "Understanding the access token".
func (c claims) isFor(audience string) bool {
	if _, given := c["aud"]; given {
		return slices.Contains(c.direct("aud"), audience)
	}
	return c.text("token_use") == "access" && c.text("client_id") == audience
}

// time reads seconds since 1970, which may have a fraction (RFC 7519, section 2).
func (c claims) time(name string) (time.Time, bool) {
	var seconds *float64
	if err := json.Unmarshal(c[name], &seconds); err != nil || seconds == nil || *seconds < 1 || *seconds > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(int64(*seconds), 0), true
}

// isTrue reports whether a claim is true, or the text "true", as some providers write it.
func (c claims) isTrue(name string) bool {
	return string(c[name]) == "true" || c.text(name) == "true"
}

// text returns a claim that is a text, or nothing.
func (c claims) text(name string) string {
	var text string
	if json.Unmarshal(c.value(name), &text) != nil {
		return ""
	}
	return text
}

// texts returns a claim that is a text or a list of texts, by its name or its path.
func (c claims) texts(name string) []string { return textsOf(c.value(name)) }

// direct is texts for a claim that has no path.
func (c claims) direct(name string) []string { return textsOf(c[name]) }

func textsOf(value json.RawMessage) []string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return []string{text}
	}
	var texts []string
	if json.Unmarshal(value, &texts) != nil {
		return nil
	}
	return texts
}

// value returns the claim of a name or, without one, the member that a path with dots leads to.
func (c claims) value(name string) json.RawMessage {
	if value, ok := c[name]; ok {
		return value
	}
	first, rest, ok := strings.Cut(name, ".")
	if !ok {
		return nil
	}
	var inner claims
	if json.Unmarshal(c[first], &inner) != nil {
		return nil
	}
	return inner.value(rest)
}
