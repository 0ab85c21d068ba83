package main

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
)

// algorithms are how a token may be signed: with a key of which the issuer publishes one half only.
// Source: RFC 7518, section 3.1, and RFC 8037, section 3.1.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// tokenTypes are what a token may say that it is, in lower case. An issuer signs other things with the same key, such as "logout+jwt".
// Source: RFC 8725, section 3.11, and RFC 9068, section 2.1.
var tokenTypes = []string{"", "jwt", "application/jwt", "at+jwt", "application/at+jwt"}

// maxKeyID is the longest kid of a token, in bytes.
const maxKeyID = 256

// A claimed is what a token says before anybody has verified it. It decides which issuer's keys are looked at, and nothing
// else.
type claimed struct {
	token  string
	issuer string
	keyID  string // may be empty
}

// cutBearer returns the token of an Authorization header of the Bearer scheme, and whether it is of that scheme.
// Source: RFC 6750, section 2.1.
func cutBearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.TrimLeft(token, " "), strings.EqualFold(scheme, "Bearer")
}

// parseToken reads a JWS in compact serialization (RFC 7515, section 3.1) whose payload has an issuer. It calls nothing and
// verifies nothing. Anything of another form is errUnauthorized: an encrypted token, an unsigned one, one that is signed with a
// shared secret or too long.
func parseToken(token string) (claimed, error) {
	parts := strings.Split(token, ".")
	if len(token) > maxHeader || len(parts) != 3 || slices.Contains(parts, "") {
		return claimed{}, errUnauthorized
	}
	var header struct {
		Algorithm jose.SignatureAlgorithm `json:"alg"`
		KeyID     string                  `json:"kid"`
		Type      string                  `json:"typ"`
		Critical  json.RawMessage         `json:"crit"`
	}
	var payload struct {
		Issuer string `json:"iss"`
	}
	_, signatureErr := decodePart(parts[2])
	if readPart(parts[0], &header) != nil || readPart(parts[1], &payload) != nil || signatureErr != nil {
		return claimed{}, errUnauthorized
	}
	if !slices.Contains(algorithms, header.Algorithm) || !slices.Contains(tokenTypes, strings.ToLower(header.Type)) ||
		header.Critical != nil || len(header.KeyID) > maxKeyID || payload.Issuer == "" {
		return claimed{}, errUnauthorized
	}
	return claimed{token: token, issuer: payload.Issuer, keyID: header.KeyID}, nil
}

// readPart reads a part of a token that is a JSON object.
func readPart(part string, into any) error {
	text, err := decodePart(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// decodePart decodes base64url without padding (RFC 7515, section 2). The decoder skips line breaks, which no token may have.
func decodePart(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, errUnauthorized
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}
