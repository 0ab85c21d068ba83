package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/records"
)

// naming gives an event's query subjects, beside the mails that it has.
func naming(event request, subjects ...string) request {
	query := map[string][]string{"subject": subjects}
	if mails, ok := event.MultiValueQueryStringParameters["mail"]; ok {
		query["mail"] = mails
	}
	event.MultiValueQueryStringParameters = query
	event.QueryStringParameters = nil
	return event
}

// acts returns the owner that a request acts for, or why it is refused.
func (b *bench) acts(t *testing.T, event request) string {
	t.Helper()
	answer, err := b.handle(t.Context(), event)
	if err != nil {
		return err.Error()
	}
	if answer.PolicyDocument.Statement[0].Effect != "Allow" {
		return answer.Context["message"].(string)
	}
	if answer.Context["owner"] == "" {
		return "no owner"
	}
	return answer.Context["owner"].(string)
}

func subjectOwner(issuer, subject string) string {
	return identity.SubjectOwner(ownerKey, issuer, identity.Subject(subject))
}

// In a stage with one issuer that names users by subject, a user names its own subject alone, a service any.
func TestWhoMayActForWhichSubject(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer, contract.Issuer{Issuer: issuer.URL, Audience: clientID, Roles: contract.RoleClaim{Claim: "groups", Service: "svc"}})
	b.removals = removedOwners{subjectOwner(issuer.URL, "gone"): true}
	user := bearerOf(issuer.sign(t, b.good(issuer)))
	backend := bearerOf(issuer.sign(t, b.good(issuer).with(payload{"sub": "backend", "groups": "svc"})))
	own, other := subjectOwner(issuer.URL, "user-1"), subjectOwner(issuer.URL, "user-2")
	for _, test := range []struct {
		name, header string
		subjects     []string
		want         string
	}{
		{"own", user, []string{"user-1"}, own},
		{"another's", user, []string{"user-2"}, string(errOtherSubject)},
		{"own in upper case is another's", user, []string{"USER-1"}, string(errOtherSubject)},
		{"own with a space is another's", user, []string{"user-1 "}, string(errOtherSubject)},
		{"twice", user, []string{"user-1", "user-1"}, "no owner"},
		{"empty", user, []string{""}, "no owner"},
		{"NUL", user, []string{"user-1\x00"}, "no owner"},
		{"line feed", user, []string{"user-1\n"}, "no owner"},
		{"not ASCII", user, []string{"üser-1"}, "no owner"},
		{"129 characters", user, []string{strings.Repeat("u", 129)}, "no owner"},
		{"128 characters", user, []string{strings.Repeat("u", 128)}, string(errOtherSubject)},
		{"service, a user", backend, []string{"user-2"}, other},
		{"service, itself", backend, []string{"backend"}, subjectOwner(issuer.URL, "backend")},
		{"service, 128 characters", backend, []string{strings.Repeat("u", 128)}, subjectOwner(issuer.URL, strings.Repeat("u", 128))},
		{"service, 129 characters", backend, []string{strings.Repeat("u", 129)}, "no owner"},
		{"service, a removed user", backend, []string{"gone"}, string(errOtherSubject)},
		{"password of a user", demo, []string{"user-1"}, string(errOtherSubject)},
		{"password of a user, its mail", demo, []string{"demo@example.com"}, string(errOtherSubject)},
		{"password of a service", service, []string{"user-1"}, own},
	} {
		if got := b.acts(t, naming(requestOf(t, test.header), test.subjects...)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	for name, event := range map[string]request{
		"a mail and a subject":             naming(requestOf(t, service, "demo@example.com"), "user-1"),
		"own mail and own subject":         naming(requestOf(t, service, "service@example.com"), "backend"),
		"a user's mail and subject":        naming(requestOf(t, user, "demo@example.com"), "user-1"),
		"an empty mail beside the subject": naming(requestOf(t, user, ""), "user-1"),
	} {
		if got := b.acts(t, event); got != "no owner" {
			t.Errorf("%s: got %s, want no owner", name, got)
		}
	}
	if got := b.acts(t, requestOf(t, user, "demo@example.com")); got != string(errForbidden) {
		t.Errorf("a mail of a user who has none: got %s", got)
	}
	if b.log.Len() > 0 {
		t.Errorf("log %s", b.log)
	}
}

// Whose subject it is follows from the stage's issuers, and from the caller's own where there are several.
func TestSubjectsOfWhichIssuer(t *testing.T) {
	one, other := newIssuer(t), newIssuer(t)
	role := contract.RoleClaim{Claim: "groups", Service: "svc"}
	ofOne, ofOther := contract.Issuer{Issuer: one.URL, Audience: clientID, Roles: role}, contract.Issuer{Issuer: other.URL, Audience: clientID, Roles: role}
	byMail := contract.Issuer{Issuer: other.URL, Audience: clientID, Mail: "email", Roles: role}
	second := contract.Issuer{Issuer: one.URL, Audience: "second", Roles: role}
	none := newBench(t)
	if got, want := none.acts(t, naming(requestOf(t, service), "user-1")), subjectOwner("", "user-1"); got != want {
		t.Errorf("no issuer: got %s, want %s", got, want)
	}
	for _, test := range []struct {
		name     string
		entries  []contract.Issuer
		password string // whom a service names that calls with a password, as an issuer
		token    string // and with a token of other
	}{
		{"one by subject", []contract.Issuer{ofOther}, other.URL, other.URL},
		{"one by mail", []contract.Issuer{byMail}, "", ""},
		{"one by subject, one by mail", []contract.Issuer{ofOne, byMail}, one.URL, one.URL},
		{"two audiences of one", []contract.Issuer{ofOne, second, byMail}, one.URL, one.URL},
		{"two by subject", []contract.Issuer{ofOne, ofOther}, "several", other.URL},
	} {
		b := newBearerBench(t, one, test.entries...)
		token := bearerOf(other.sign(t, b.good(other).with(payload{"sub": "backend", "email": "backend@example.com", "groups": "svc"})))
		for header, issuer := range map[string]string{service: test.password, token: test.token} {
			want := subjectOwner(issuer, "user-1")
			if issuer == "several" {
				want = string(errWhichIssuer)
			}
			if got := b.acts(t, naming(requestOf(t, header), "user-1")); got != want {
				t.Errorf("%s, %.6s: got %s, want %s", test.name, header, got, want)
			}
		}
	}
	b := newBearerBench(t, one, ofOne, ofOther)
	user := bearerOf(other.sign(t, b.good(other)))
	if got, want := b.acts(t, naming(requestOf(t, user), "user-1")), subjectOwner(other.URL, "user-1"); got != want {
		t.Errorf("a user of two issuers that names itself: got %s, want %s", got, want)
	}
}

// What narrows a service to some mails lets it act for no subject, and the other way round.
func TestForWhichSubjectsAServiceMayAct(t *testing.T) {
	for _, test := range []struct {
		mails   identity.Mails
		subject string
		want    string
	}{
		{"", "shop|7", subjectOwner("", "shop|7")},
		{"subject:*", "shop|7", subjectOwner("", "shop|7")},
		{"subject:shop|*", "shop|7", subjectOwner("", "shop|7")},
		{"subject:shop|*", "blog|7", string(errOutsideSubject)},
		{"example.com", "shop|7", string(errOutsideSubject)},
		{"example.com", "demo@example.com", string(errOutsideSubject)},
		{"demo*", "demo", string(errOutsideSubject)},
	} {
		b := newBench(t)
		b.narrow(identity.Scope{For: test.mails})
		if got := b.acts(t, naming(requestOf(t, service), test.subject)); got != test.want {
			t.Errorf("for %q, subject %s: got %s, want %s", test.mails, test.subject, got, test.want)
		}
	}
	b := newBench(t)
	b.narrow(identity.Scope{For: "subject:*"})
	b.check(t, "for subjects: a mail", requestOf(t, service, "demo@example.com"), string(errOutside))
}

// A key of a user who has no mail names that user's subject, and no other.
func TestSubjectOfAKey(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer, contract.Issuer{Issuer: issuer.URL, Audience: clientID})
	owner := subjectOwner(issuer.URL, "user-1")
	secret := derived(t, owner).ForScripts()
	made, text, err := identity.NewScriptKey(secret, owner, strings.NewReader(strings.Repeat("r", 64)))
	if err != nil {
		t.Fatal(err)
	}
	b.keys = memoryKeys{owner: {keys: []records.ScriptKey{{ID: made.ID, Hash: made.Hash(secret), May: identity.Rights{"upload"}, Expires: b.clock.at.AddDate(0, 0, 1)}}}}
	for subject, want := range map[string]string{"user-1": owner, "user-2": string(errOtherSubject)} {
		if got := b.acts(t, naming(requestOf(t, bearerOf(text)), subject)); got != want {
			t.Errorf("%s: got %s, want %s", subject, got, want)
		}
	}
}

// A fault while a subject is looked up allows nothing, and its log has no subject.
func TestFaultsOfSubjects(t *testing.T) {
	b := newBench(t)
	b.removals = failingRemovals{fmt.Errorf("the table is on fire")}
	got, err := b.handle(t.Context(), naming(requestOf(t, service), marker))
	checkRefused(t, "removals", got, err, "internal error")
	if log := b.log.String(); strings.Contains(log, marker) || !strings.Contains(log, "finding whom the caller acts for: the table is on fire") {
		t.Errorf("log %s", log)
	}
}

// Routes that work on the caller itself know no other subject.
func TestSubjectOfRoutesOfKeys(t *testing.T) {
	b := newBench(t)
	route, _ := contract.RouteOf("/keys", "GET")
	event := naming(routed(t, route, service), "user-1")
	if diff := cmp.Diff(b.acts(t, event), "you may do this for yourself alone: leave mail and subject out"); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}
