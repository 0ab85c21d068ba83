package issuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"time"

	"postern/internal/identity"
	"postern/local/demouser"
)

const (
	maxLifetime     = 24 * time.Hour // of a token
	sessionLifetime = 12 * time.Hour // in which it must be renewed once
)

// A session is somebody who is signed in.
type session struct {
	mail     identity.Mail
	lifetime time.Duration // of each token
}

// token gives tokens for a code or for a refresh token. Either is good once, whatever comes of it.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		i.exchange(w, r)
	case "refresh_token":
		s, ok := i.refreshes.take(r.PostFormValue("refresh_token"))
		if !ok || r.PostFormValue("client_id") != i.Audience {
			refuse(w, "invalid_grant")
			return
		}
		i.give(w, s, nil)
	default:
		refuse(w, "unsupported_grant_type")
	}
}

// exchange gives tokens for a code.
// Source: RFC 6749, section 4.1.3, and RFC 7636, section 4.6.
func (i *Issuer) exchange(w http.ResponseWriter, r *http.Request) {
	c, ok := i.codes.take(r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	if !ok || r.PostFormValue("client_id") != i.Audience || r.PostFormValue("redirect_uri") != c.redirect ||
		subtle.ConstantTimeCompare([]byte(challenge), []byte(c.challenge)) != 1 {
		refuse(w, "invalid_grant")
		return
	}
	more := map[string]any{}
	if c.nonce != "" {
		more["nonce"] = c.nonce
	}
	i.give(w, c.session, more)
}

// give answers tokens of a session, with a refresh token for the next ones.
func (i *Issuer) give(w http.ResponseWriter, s session, more map[string]any) {
	token, err := i.sign(s, more)
	if err != nil {
		http.Error(w, "signing failed", http.StatusInternalServerError)
		return
	}
	refresh, err := i.refreshes.put(s)
	if err != nil {
		http.Error(w, "no random bytes", http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{
		"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": int(s.lifetime.Seconds()), "refresh_token": refresh,
	})
}

// revoke forgets a refresh token, whether there is one or not.
// Source: RFC 7009, section 2.
func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) {
	i.refreshes.take(r.PostFormValue("token"))
	answer(w, map[string]any{})
}

// demo gives a token for a mail, the demo user's if none is given, without any sign-in: for curl. No page of another origin may
// read it. A group, if one is given, is in the claim groups.
func (i *Issuer) demo(w http.ResponseWriter, r *http.Request) {
	text := r.PostFormValue("mail")
	if text == "" {
		text = demouser.Mail
	}
	mail, err := identity.ParseMail(text)
	if err != nil {
		http.Error(w, "mail must be a mail address", http.StatusBadRequest)
		return
	}
	more := map[string]any{}
	if group := r.PostFormValue("group"); group != "" {
		more["groups"] = []string{group}
	}
	token, err := i.sign(session{mail, Lifetime}, more)
	if err != nil {
		http.Error(w, "signing failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, token+"\n")
}

// sign returns a token of a session, with more claims.
func (i *Issuer) sign(s session, more map[string]any) (string, error) {
	now := i.now()
	claims := map[string]any{
		"iss": i.URL, "aud": i.Audience, "sub": string(s.mail), "email": string(s.mail), "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(s.lifetime).Unix(),
	}
	maps.Copy(claims, more)
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := i.signer.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
