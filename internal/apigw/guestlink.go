package apigw

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// text returns a link as a member of an authorizer's context: JSON in base64url, which no template and no log changes.
func (l *GuestLink) text() string {
	encoded, err := json.Marshal(l)
	if err != nil { // texts, numbers and a time of this millennium always encode
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// readLink reads the members of a context that few callers have. A guest without a link, and a link of anybody else, are errors
// that wrap ErrNoCaller.
func (c *Caller) readLink(context map[string]any) (err error) {
	if expires, ok := context[contextExpires]; ok {
		text, _ := expires.(string)
		if c.Expires, err = time.Parse(time.RFC3339, text); err != nil {
			return fmt.Errorf("%w: %s", ErrNoCaller, contextExpires)
		}
	}
	given, ok := context[contextLink]
	if ok != (c.Role == RoleGuest) {
		return fmt.Errorf("%w: %s", ErrNoCaller, contextLink)
	}
	if !ok {
		return nil
	}
	text, _ := given.(string)
	encoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	var link GuestLink
	if err != nil || json.Unmarshal(encoded, &link) != nil || link.ID == "" || link.Count < 1 {
		return fmt.Errorf("%w: %s", ErrNoCaller, contextLink)
	}
	c.Link = &link
	return nil
}
