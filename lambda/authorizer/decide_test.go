package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/apigw"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/upload"
)

const (
	methodARN = "arn:aws:execute-api:eu-west-1:123456789012:abcde12345/api/GET/presignedurl"

	demoOwner    = "00000000000000000001"
	limitedOwner = "00000000000000000002"
	serviceOwner = "00000000000000000003"
)

var ownerKey = []byte("0123456789abcdef0123456789abcdef")

// memoryUsers are rows by mail. Hashes are passwords in plain text: see plainPasswords.
type memoryUsers map[identity.Mail]identity.User

func (u memoryUsers) User(_ context.Context, mail identity.Mail) (identity.User, bool, error) {
	user, ok := u[mail]
	return user, ok, nil
}

func (u memoryUsers) SignIn(ctx context.Context, mail identity.Mail, _ string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	user, ok, err := u.User(ctx, mail)
	return user, ok, nil, err
}

func (memoryUsers) AddGuess(context.Context, string, string, time.Time) error { return nil }

func rows() memoryUsers {
	return memoryUsers{
		"demo@example.com": {Mail: "demo@example.com", Owner: demoOwner, Hash: "demo-password", Role: identity.RoleUser},
		"limited@example.com": {
			Mail: "limited@example.com", Owner: limitedOwner, Hash: "limited-password", Role: identity.RoleUser, MaxSize: new(int64(7)), Quota: new(int64(0)),
			FileQuota: new(int64(3)),
		},
		"service@example.com": {
			Mail: "service@example.com", Owner: serviceOwner, Hash: "service-password", Role: identity.RoleService, MaxSize: new(int64(1)), Quota: new(int64(2)),
		},
	}
}

// plainPasswords stands in for derivations that take their time, and counts them by hash.
type plainPasswords struct{ derivations map[string]int }

func (p *plainPasswords) verify(hash, old, password string) (is, isOld bool, err error) {
	p.derivations[hash]++
	return hash == password, old != "" && old == password, nil
}

// fixedKey is an owner key that is always there, and counts how often it is asked for.
type fixedKey struct {
	mutex sync.Mutex
	reads int
}

// derived is an owner's key.
func derived(t *testing.T, owner string) upload.DerivedKey {
	t.Helper()
	key, err := upload.DeriveKey(ownerKey, owner)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (k *fixedKey) OwnerKey(context.Context) ([]byte, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.reads++
	return ownerKey, nil
}

// memoryUsages are usages by owner, and count how often they are read.
type memoryUsages struct {
	used    map[string]upload.Usage
	blocked map[string]bool
	reads   int
}

func (u *memoryUsages) Account(_ context.Context, owner string) (upload.Account, error) {
	u.reads++
	return upload.Account{Usage: u.used[owner], Blocked: u.blocked[owner]}, nil
}

// removedOwners are the owners that were removed.
type removedOwners map[string]bool

// A user who has a row is not asked about.
func (r removedOwners) IsRemoved(_ context.Context, owner string) (bool, error) { return r[owner], nil }

// bench is an authorizer and what a test may look at or move.
type bench struct {
	*authorizer
	passwords *plainPasswords
	key       *fixedKey
	kept      *memoryUsages
	clock     *clock
	log       *bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		passwords: &plainPasswords{map[string]int{}},
		key:       &fixedKey{},
		kept:      &memoryUsages{used: map[string]upload.Usage{demoOwner: {Bytes: 500, Files: 5}, limitedOwner: {Bytes: 1, Files: 1}, serviceOwner: {Bytes: 2, Files: 2}}},
		clock:     newClock(),
		log:       &bytes.Buffer{},
	}
	b.authorizer = &authorizer{
		users:          rows(),
		keys:           memoryKeys{},
		ownerKeys:      b.key,
		now:            b.clock.now,
		basic:          true,
		verify:         b.passwords.verify,
		derivations:    make(chan struct{}, 1),
		verified:       cacheOf[identity.User](t, b.clock, cacheLifetime),
		refused:        cacheOf[struct{}](t, b.clock, refusalLifetime),
		blocked:        cacheOf[struct{}](t, b.clock, refusalLifetime),
		linkStates:     memoryLinks{},
		guests:         cacheOf[guest](t, b.clock, cacheLifetime),
		removals:       removedOwners{identity.Owner(ownerKey, "removed@example.com"): true, demoOwner: true},
		usages:         b.kept,
		used:           cacheOf[upload.Account](t, b.clock, cacheLifetime),
		defaultMaxSize: 1000,
		defaultQuota:   2000,

		defaultFileQuota: 20,

		log: slog.New(slog.NewJSONHandler(b.log, nil)),
	}
	return b
}

// requestOf is the event of a request with an Authorization header and the query's mails.
func requestOf(t *testing.T, header string, mails ...string) request {
	t.Helper()
	fixture, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event request
	if err := json.Unmarshal(fixture, &event); err != nil {
		t.Fatal(err)
	}
	event.Headers = map[string]string{"Authorization": header}
	event.MultiValueHeaders = map[string][]string{"Authorization": {header}}
	event.QueryStringParameters, event.MultiValueQueryStringParameters = nil, nil
	if len(mails) > 0 {
		event.QueryStringParameters = map[string]string{"mail": mails[len(mails)-1]}
		event.MultiValueQueryStringParameters = map[string][]string{"mail": mails}
	}
	return event
}

var (
	demo    = basic("demo@example.com", "demo-password")
	limited = basic("limited@example.com", "limited-password")
	service = basic("service@example.com", "service-password")
)

func TestWhoMayActForWhom(t *testing.T) {
	user := func(owner string) apigw.Caller {
		return apigw.Caller{Owner: owner, Role: "user", MaxSize: 1000, Quota: 2000, Remaining: 1500, FileQuota: 20, RemainingFiles: 15}
	}
	nobody := func(role string) apigw.Caller { return apigw.Caller{Role: role} }
	for _, test := range []struct {
		name      string
		header    string
		mails     []string
		principal string
		allow     *apigw.Caller // nil: deny
	}{
		{"no mail: itself", demo, nil, demoOwner, new(user(demoOwner))},
		{"own mail", demo, []string{"demo@example.com"}, demoOwner, new(user(demoOwner))},
		{"own mail, upper case", demo, []string{"DEMO@Example.com"}, demoOwner, new(user(demoOwner))},
		{"own limits", limited, []string{"limited@example.com"}, limitedOwner, &apigw.Caller{Owner: limitedOwner, Role: "user", MaxSize: 7, Quota: 0, FileQuota: 3, RemainingFiles: 2}},

		{"another's mail", demo, []string{"limited@example.com"}, demoOwner, nil},
		{"a service's mail", demo, []string{"service@example.com"}, demoOwner, nil},
		{"mail without a row", demo, []string{"nobody@example.com"}, demoOwner, nil},
		{"longer mail", demo, []string{"demo@example.com.example.org"}, demoOwner, nil},

		{"service, no mail: itself", service, nil, serviceOwner, &apigw.Caller{Owner: serviceOwner, Role: "service", MaxSize: 1, Quota: 2, FileQuota: 20, RemainingFiles: 18}},
		{"service, own mail", service, []string{"service@example.com"}, serviceOwner, &apigw.Caller{Owner: serviceOwner, Role: "service", MaxSize: 1, Quota: 2, FileQuota: 20, RemainingFiles: 18}},
		{"service, default limits of another", service, []string{"demo@example.com"}, serviceOwner, &apigw.Caller{Owner: demoOwner, Role: "service", MaxSize: 1000, Quota: 2000, Remaining: 1500, FileQuota: 20, RemainingFiles: 15}},
		{"service, limits of another", service, []string{"Limited@example.com"}, serviceOwner, &apigw.Caller{Owner: limitedOwner, Role: "service", MaxSize: 7, Quota: 0, FileQuota: 3, RemainingFiles: 2}},
		{"service, mail without a row", service, []string{"Nobody@example.com"}, serviceOwner, &apigw.Caller{
			Owner: identity.Owner(ownerKey, "nobody@example.com"), Role: "service", MaxSize: 1000, Quota: 2000, Remaining: 2000, FileQuota: 20, RemainingFiles: 20,
		}},

		{"service, mail of a removed user", service, []string{"Removed@example.com"}, serviceOwner, nil},

		{"empty mail", demo, []string{""}, demoOwner, new(nobody("user"))},
		{"malformed mail", demo, []string{"demo@example.com "}, demoOwner, new(nobody("user"))},
		{"CR/LF", demo, []string{"demo@example.com\r\n"}, demoOwner, new(nobody("user"))},
		{"NUL", demo, []string{"demo@example.com\x00"}, demoOwner, new(nobody("user"))},
		{"not UTF-8", demo, []string{"demo\xff@example.com"}, demoOwner, new(nobody("user"))},
		{"over-long", demo, []string{strings.Repeat("x", 9000) + "@example.com"}, demoOwner, new(nobody("user"))},
		{"list", demo, []string{"demo@example.com,limited@example.com"}, demoOwner, new(nobody("user"))},
		{"own mail twice", demo, []string{"demo@example.com", "demo@example.com"}, demoOwner, new(nobody("user"))},
		{"own and another's mail", demo, []string{"demo@example.com", "limited@example.com"}, demoOwner, new(nobody("user"))},
		{"another's and own mail", demo, []string{"limited@example.com", "demo@example.com"}, demoOwner, new(nobody("user"))},
		{"service, malformed mail", service, []string{"x"}, serviceOwner, new(nobody("service"))},
		{"service, two mails", service, []string{"demo@example.com", "demo@example.com"}, serviceOwner, new(nobody("service"))},
	} {
		b := newBench(t)
		got, err := b.handle(t.Context(), requestOf(t, test.header, test.mails...))
		want := deny(test.principal, methodARN, "you may not act for another's mail")
		if test.allow != nil {
			want = policy("Allow", test.principal, methodARN)
			if test.allow.Owner != "" {
				test.allow.Key = derived(t, test.allow.Owner)
			}
			want.Context = test.allow.Context()
		}
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%s: %v\n(-got +want)\n%s", test.name, err, diff)
		}
		if b.log.Len() > 0 {
			t.Errorf("%s: log %s", test.name, b.log)
		}
	}
}

func TestPolicyIsAboutTheOneRequest(t *testing.T) {
	answer, err := newBench(t).handle(t.Context(), requestOf(t, demo, "demo@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"principalId":"00000000000000000001",` +
		`"policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow",` +
		`"Resource":["arn:aws:execute-api:eu-west-1:123456789012:abcde12345/api/GET/presignedurl"]}]},` +
		`"context":{"fileQuota":"20","key":"` + derived(t, demoOwner).Text() + `","maxSize":"1000","owner":"00000000000000000001","quota":"2000",` +
		`"remaining":"1500","remainingFiles":"15","role":"user"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// hostilePaths are what a client may send as an upload's id to be taken for another request than it is: the raw path,
// and the same as it would be if API Gateway decoded it.
var hostilePaths = []string{
	"*", "**", "?", "%2A", "%2a", "%3F", "%252A", "${aws:username}", "%24%7Baws:username%7D", "$%7B*%7D",
	"x/download", "x%2Fdownload", "x%2fdownload", "x%252Fdownload", "x%5Cdownload", "x/../../presignedurl", "..%2f..%2f..%2fGET%2fpresignedurl",
	"%2e%2e/presignedurl", ".", "..", "/", "//", "%00", "%00*", "x%0d%0aGET/uploads", "x:*", "x::y", "x,*", "x\"]},{\"Effect\":\"Allow\"", "x\xff", "ｕploads", "x\u2028*",
	"[a-z]", "{id}", "{proxy+}", "^.*$", "x;y=*", "x&y", "x#*", "x%", "x%zz", strings.Repeat("x", 4096),
}

// Whatever path a client sends, the policy allows at most the very request, so that what is allowed once, and what
// would be kept if API Gateway kept results, opens no other: IAM gives a meaning to *, ? and $ alone.
func TestPolicyOpensNoOtherRequest(t *testing.T) {
	b := newBench(t)
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		for _, path := range hostilePaths {
			event := requestOf(t, demo, "demo@example.com")
			event.Resource, event.Path, event.HTTPMethod = "/uploads/{id}", "/uploads/"+path, method
			event.PathParameters = map[string]string{"id": path}
			for _, sent := range []string{path, decoded(path)} {
				event.MethodArn = "arn:aws:execute-api:eu-west-1:123456789012:abcde12345/api/" + method + "/uploads/" + sent
				want := policy("Allow", demoOwner, event.MethodArn)
				if strings.ContainsAny(sent, "*?$") {
					want = policy("Deny", demoOwner, event.MethodArn)
				}
				got, err := b.handle(t.Context(), event)
				got.Context = nil
				if diff := cmp.Diff(got, want); err != nil || diff != "" {
					t.Errorf("%s %q: %v\n(-got +want)\n%s", method, sent, err, diff)
				}
			}
		}
	}
}

// decoded is a path as API Gateway would decode it, or as it is if that cannot be.
func decoded(path string) string {
	if s, err := url.PathUnescape(path); err == nil {
		return s
	}
	return path
}

// The path says nothing of whom a request acts for: another's id gives the caller's own identity.
func TestPathGivesNoCaller(t *testing.T) {
	event := requestOf(t, demo)
	event.Resource, event.HTTPMethod = "/uploads/{id}", "DELETE"
	event.Path = "/uploads/" + limitedOwner + "%2F019a6b5f3c0070008d2f4b1c9e7a6530.mp4"
	event.PathParameters = map[string]string{"id": limitedOwner, "mail": "limited@example.com", "owner": limitedOwner}
	event.MethodArn = "arn:aws:execute-api:eu-west-1:123456789012:abcde12345/api/DELETE" + event.Path
	got, err := newBench(t).handle(t.Context(), event)
	if err != nil || got.Context["owner"] != demoOwner {
		t.Errorf("got %+v, %v, want the demo user", got, err)
	}
}

func TestRefusedCredentials(t *testing.T) {
	for name, header := range map[string]string{
		"wrong password":     basic("demo@example.com", "wrong-password"),
		"another's password": basic("demo@example.com", "limited-password"),
		"unknown user":       basic("nobody@example.com", "demo-password"),
		"malformed":          "Basic x",
		"empty":              "",
	} {
		b := newBench(t)
		got, err := b.handle(t.Context(), requestOf(t, header, "demo@example.com"))
		checkRefused(t, name, got, err, "Unauthorized")
		if b.log.Len() > 0 {
			t.Errorf("%s: log %s", name, b.log)
		}
	}
}

func checkRefused(t *testing.T, name string, got response, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want || cmp.Diff(got, response{}) != "" {
		t.Errorf("%s: got %+v, %v, want nothing and %s", name, got, err, want)
	}
}

func TestAuthorizationHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		single map[string]string
		multi  map[string][]string
		want   string // error; empty: allowed
	}{
		"any case":                      {multi: map[string][]string{"aUTHORIZATION": {demo}}},
		"single values alone":           {single: map[string]string{"authorization": demo}},
		"none":                          {single: map[string]string{"X-Authorization": demo}, want: "Unauthorized"},
		"two values":                    {single: map[string]string{"Authorization": demo}, multi: map[string][]string{"Authorization": {demo, demo}}, want: "Unauthorized"},
		"two names":                     {multi: map[string][]string{"Authorization": {demo}, "authorization": {demo}}, want: "Unauthorized"},
		"two names of single values":    {single: map[string]string{"Authorization": demo, "authorization": service}, want: "Unauthorized"},
		"the several values count most": {single: map[string]string{"Authorization": demo}, multi: map[string][]string{"Authorization": {"Basic x"}}, want: "Unauthorized"},
	} {
		event := requestOf(t, "")
		event.Headers, event.MultiValueHeaders = test.single, test.multi
		got, err := newBench(t).handle(t.Context(), event)
		if test.want != "" {
			checkRefused(t, name, got, err, test.want)
		} else if err != nil || got.Context["owner"] != demoOwner {
			t.Errorf("%s: got %+v, %v, want the demo user", name, got, err)
		}
	}
}

func TestMailOfSingleValuesAlone(t *testing.T) {
	event := requestOf(t, demo)
	event.QueryStringParameters = map[string]string{"mail": "limited@example.com"}
	got, err := newBench(t).handle(t.Context(), event)
	if diff := cmp.Diff(got, deny(demoOwner, methodARN, "you may not act for another's mail")); err != nil || diff != "" {
		t.Errorf("got %v\n(-got +want)\n%s", err, diff)
	}
}

func TestUnknownUserCostsWhatAWrongPasswordCosts(t *testing.T) {
	for name, test := range map[string]struct{ header, hash string }{
		"wrong password": {basic("demo@example.com", "wrong-password"), "demo-password"},
		"unknown user":   {basic("nobody@example.com", "wrong-password"), identity.UnknownUserHash()},
		// Even a hash that the password fits lets no unknown user in.
		"unknown user, right guess": {basic("nobody@example.com", identity.UnknownUserHash()), identity.UnknownUserHash()},
	} {
		b := newBench(t)
		got, err := b.handle(t.Context(), requestOf(t, test.header))
		checkRefused(t, name, got, err, "Unauthorized")
		if diff := cmp.Diff(b.passwords.derivations, map[string]int{test.hash: 1}); diff != "" {
			t.Errorf("%s: derivations (-got +want)\n%s", name, diff)
		}
	}
}

func TestVerifiedUsersAreRememberedForAMinute(t *testing.T) {
	b := newBench(t)
	counting := &countingUsers{rows: rows()}
	b.users = counting
	call := func(header string, want error) {
		t.Helper()
		if _, err := b.handle(t.Context(), requestOf(t, header)); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	expect := func(derivations, reads int) {
		t.Helper()
		if got := b.passwords.derivations["demo-password"]; got != derivations || counting.reads != reads {
			t.Errorf("%d derivations, %d reads, want %d, %d", got, counting.reads, derivations, reads)
		}
	}
	call(demo, nil)
	expect(1, 1)
	call(demo, nil)
	expect(1, 1)
	call(basic("demo@example.com", "wrong-password"), errUnauthorized) // another credential
	expect(2, 2)
	delete(counting.rows, "demo@example.com")
	b.clock.move(59 * time.Second)
	call(demo, nil)
	expect(2, 2)
	b.clock.move(time.Second)
	call(demo, errUnauthorized)
	expect(2, 3)
}

// countingUsers counts the rows that are read.
type countingUsers struct {
	rows  memoryUsers
	reads int
}

func (u *countingUsers) User(ctx context.Context, mail identity.Mail) (identity.User, bool, error) {
	u.reads++
	return u.rows.User(ctx, mail)
}

func (u *countingUsers) SignIn(ctx context.Context, mail identity.Mail, _ string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	user, ok, err := u.User(ctx, mail)
	return user, ok, nil, err
}

func (*countingUsers) AddGuess(context.Context, string, string, time.Time) error { return nil }

func TestTheCacheDoesNotWidenWhatACallerMayDo(t *testing.T) {
	b := newBench(t)
	for range 2 {
		got, err := b.handle(t.Context(), requestOf(t, demo, "limited@example.com"))
		if diff := cmp.Diff(got, deny(demoOwner, methodARN, "you may not act for another's mail")); err != nil || diff != "" {
			t.Errorf("another's mail: %v\n(-got +want)\n%s", err, diff)
		}
		if got, err := b.handle(t.Context(), requestOf(t, demo)); err != nil || got.Context["owner"] != demoOwner {
			t.Errorf("own: got %+v, %v", got, err)
		}
	}
}

// failingKey is an owner key that cannot be read.
type failingKey struct{}

func (failingKey) OwnerKey(context.Context) ([]byte, error) { return nil, errors.New("no secret") }

// Nobody acts without a key: with an empty one, no id that was granted would be known.
func TestNoOwnerKey(t *testing.T) {
	b := newBench(t)
	b.ownerKeys = failingKey{}
	got, err := b.handle(t.Context(), requestOf(t, demo))
	checkRefused(t, "no secret", got, err, "internal error")
}
