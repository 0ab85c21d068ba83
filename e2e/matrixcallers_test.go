package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/records"
)

// alike maps each caller without rows of its own in the matrix to the one whose rows it has: they differ in how they prove who
// they are, and in nothing that they may do.
var alike = map[string]string{
	"wrong-token": "anonymous", "expired-token": "anonymous",
	"token": "user", "token-without-row": "user", "subject": "user", "token-of-service": "service",
	"subject-upload-key": "upload-key", "subject-read-key": "read-key", "subject-delete-key": "delete-key",
	"blocked": "expired", "blocked-token": "expired", "blocked-subject": "expired", "blocked-key": "expired",
}

// withoutSubjects are the services whose --for is of mails, so that no subject is among those that they may act for.
var withoutSubjects = []string{"uploader", "reader", "deleter", "bounded"}

// addTokenCallers adds the callers with tokens, those who have no mail, and those who are blocked.
func addTokenCallers(t *testing.T, callers map[string]client) {
	t.Helper()
	hour := time.Now().Add(time.Hour)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mailed := func(mail, group string) client {
		return client{demo.base, mail, tokenOf(t, server, mail, group).password}
	}
	callers["wrong-token"] = client{demo.base, subjectUser + "matrix", subjects.token(t, stranger, "matrix", hour)}
	callers["expired-token"] = subjects.client(t, "matrix", time.Now().Add(-2*time.Minute))
	callers["token"] = mailed(addUser(t, "token@example.com").user, "")
	callers["token-without-row"] = mailed("without-row@example.com", "")
	callers["token-of-service"] = mailed("backend@example.com", "uploads-service")
	callers["subject"] = subjects.client(t, "matrix", hour)
	holder := subjects.client(t, "matrix-keys", hour)
	for name, may := range map[string]api.Right{
		"subject-upload-key": api.RightUpload, "subject-read-key": api.RightRead, "subject-delete-key": api.RightDelete,
	} {
		callers[name] = holder.newKey(t, may)
	}
	blocked := addUser(t, "blocked@example.com")
	callers["blocked"], callers["blocked-key"] = blocked, plantedKey(t, blocked.user)
	callers["blocked-token"], callers["blocked-subject"] = mailed("blocked-token@example.com", ""), subjects.client(t, "blocked|7", hour)
	server.postern(t, "", "user", "block", blocked.user)
	server.postern(t, "", "user", "block", callers["blocked-token"].user)
	server.postern(t, "", "user", "block", "--subject", "blocked|7", "--issuer", subjects.URL)
}

// plantedKey returns a key of a user who has not called: else the authorizer would remember for a minute that nobody has
// blocked the user.
func plantedKey(t *testing.T, mail string) client {
	t.Helper()
	o := server.operator(t)
	users := records.NewUsers(o.tables, o.outputs["UsersTableName"])
	owner, found, err := users.Owner(t.Context(), identity.Mail(mail))
	if err != nil || !found {
		t.Fatalf("reading a user: %t, %v", found, err)
	}
	secret := derive(t, o.secret(t), owner).ForScripts()
	made, text, err := identity.NewScriptKey(secret, owner, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := records.ScriptKey{ID: made.ID, Name: "planted", Hash: made.Hash(secret), May: slices.Clone(api.Rights), Created: time.Now(), Expires: time.Now().Add(time.Hour)}
	if err := users.AddScriptKey(t.Context(), owner, identity.Mail(mail), key); err != nil {
		t.Fatal(err)
	}
	return client{demo.base, mail, text}
}

// whom is the query that names a client's user.
func whom(user string) string {
	if subject, ok := strings.CutPrefix(user, subjectUser); ok {
		return "?subject=" + url.QueryEscape(subject)
	}
	return "?mail=" + url.QueryEscape(user)
}

// Whom the columns other and stranger name, as a query has it.
const (
	otherMail    = "?mail=other%40example.com"
	otherSubject = "?subject=other%7C7"
)

// queryOf returns the query that a column stands for. Who has no mail names subjects in the columns own, other and malformed,
// and a mail in the column stranger; everybody else the other way round.
func queryOf(c client, column string) string {
	own, other, stranger, malformed := c.user, otherMail, otherSubject, "?mail=nobody"
	if own == "" {
		own = demo.user
	}
	if strings.HasPrefix(c.user, subjectUser) {
		other, stranger, malformed = otherSubject, otherMail, "?subject=%C3%A9"
	}
	return map[string]string{"own": whom(own), "other": other, "stranger": stranger, "malformed": malformed}[column]
}

// strangerStatus is what a caller gets on a route for one who is named otherwise than itself: by subject if it has a mail, and
// by mail if it has none. It is what the column other says, unless the caller may act for some mails alone.
func strangerStatus(method, path, name, other string) string {
	if route, _ := contract.RouteOf(path, method); slices.Contains(withoutSubjects, name) && !route.Public {
		return "403"
	}
	return other
}
