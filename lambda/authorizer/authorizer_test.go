package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/upload"
)

// marker stands for what belongs to a person: it may show up in no log and no error.
const marker = "planted-secret"

// failingUsers fails for one mail, or for all if there is none, and finds the others.
type failingUsers struct {
	mail identity.Mail
	err  error
}

func (u failingUsers) User(ctx context.Context, mail identity.Mail) (identity.User, bool, error) {
	if u.mail == "" || u.mail == mail {
		return rows()["demo@example.com"], true, u.err
	}
	return rows().User(ctx, mail)
}

func (u failingUsers) SignIn(ctx context.Context, mail identity.Mail, _ string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	user, ok, err := u.User(ctx, mail)
	return user, ok, nil, err
}

func (failingUsers) AddGuess(context.Context, string, string, time.Time) error { return nil }

// hangingUsers answers when the context ends.
type hangingUsers struct{}

func (hangingUsers) User(ctx context.Context, _ identity.Mail) (identity.User, bool, error) {
	<-ctx.Done()
	return identity.User{}, false, ctx.Err()
}

func (u hangingUsers) SignIn(ctx context.Context, mail identity.Mail, _ string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	user, ok, err := u.User(ctx, mail)
	return user, ok, nil, err
}

func (hangingUsers) AddGuess(context.Context, string, string, time.Time) error { return nil }

// hangingUsages answer when the context ends.
type hangingUsages struct{}

func (hangingUsages) Account(ctx context.Context, _ string) (upload.Account, error) {
	<-ctx.Done()
	return upload.Account{}, ctx.Err()
}

// lateUsers answers well, but only when the context has ended.
type lateUsers struct{}

func (lateUsers) User(ctx context.Context, mail identity.Mail) (identity.User, bool, error) {
	<-ctx.Done()
	return rows().User(ctx, mail)
}

func (u lateUsers) SignIn(ctx context.Context, mail identity.Mail, _ string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	user, ok, err := u.User(ctx, mail)
	return user, ok, nil, err
}

func (lateUsers) AddGuess(context.Context, string, string, time.Time) error { return nil }

// panickingUsers panics with what it is given.
type panickingUsers struct{ value any }

func (u panickingUsers) User(context.Context, identity.Mail) (identity.User, bool, error) {
	panic(u.value)
}

func (u panickingUsers) SignIn(ctx context.Context, mail identity.Mail, _ string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	user, ok, err := u.User(ctx, mail)
	return user, ok, nil, err
}

func (panickingUsers) AddGuess(context.Context, string, string, time.Time) error { return nil }

// failingKeys has no key.
type failingKeys struct{ err error }

func (k failingKeys) OwnerKey(context.Context) ([]byte, error) { return ownerKey, k.err }

// weakKeys has a key that is not one.
type weakKeys struct{}

func (weakKeys) OwnerKey(context.Context) ([]byte, error) { return nil, nil }

func TestFaultsAllowNothing(t *testing.T) {
	broken := errors.New("the table is on fire")
	for _, test := range []struct {
		name   string
		spoil  func(*authorizer, *request)
		header string
		mail   string
		log    string
	}{
		{
			"users", func(a *authorizer, _ *request) { a.users = failingUsers{err: broken} }, demo, "demo@example.com",
			"finding the caller: the table is on fire",
		},
		{
			"users of the mail acted for", func(a *authorizer, _ *request) { a.users = failingUsers{"demo@example.com", broken} }, service, "demo@example.com",
			"finding whom the caller acts for: the table is on fire",
		},
		{
			"users panic", func(a *authorizer, _ *request) { a.users = panickingUsers{marker} }, demo, "demo@example.com",
			"panic: string",
		},
		{
			"users panic with an error", func(a *authorizer, _ *request) { a.users = panickingUsers{errors.New(marker)} }, demo, "demo@example.com",
			"panic: *errors.errorString",
		},
		{
			"no users", func(a *authorizer, _ *request) { a.users = nil }, demo, "demo@example.com",
			"panic: runtime error: invalid memory address",
		},
		{
			"users hang", func(a *authorizer, _ *request) { a.users = hangingUsers{} }, demo, "demo@example.com",
			"finding the caller: context deadline exceeded",
		},
		{
			"users are late", func(a *authorizer, _ *request) { a.users = lateUsers{} }, demo, "demo@example.com",
			"finding the caller in time: context deadline exceeded",
		},
		{"verification is late", func(a *authorizer, _ *request) {
			a.verify = func(string, string, string) (bool, bool, error) {
				time.Sleep(150 * time.Millisecond)
				return true, false, nil
			}
		}, demo, "demo@example.com", "deciding in time: context deadline exceeded"},
		{"verification", func(a *authorizer, _ *request) {
			a.verify = func(string, string, string) (bool, bool, error) { return true, true, errors.New("malformed hash") }
		}, demo, "demo@example.com", "verifying a password: malformed hash"},
		{"verification panics", func(a *authorizer, _ *request) {
			a.verify = func(_, _, password string) (bool, bool, error) { panic(password + marker) }
		}, demo, "demo@example.com", "panic: string"},
		{
			"secret", func(a *authorizer, _ *request) { a.ownerKeys = failingKeys{errors.New("no such secret")} }, service, marker + "@example.com",
			"finding the caller: no such secret",
		},
		{
			"removals", func(a *authorizer, _ *request) { a.removals = failingRemovals{broken} }, service, marker + "@example.com",
			"finding whom the caller acts for: the table is on fire",
		},
		{
			"usages", func(a *authorizer, _ *request) { a.usages = &failingUsages{broken, 1} }, demo, "demo@example.com",
			"finding what is left of the quota: the table is on fire",
		},
		{
			"usages of the mail acted for", func(a *authorizer, _ *request) { a.usages = &failingUsages{broken, 1} }, service, marker + "@example.com",
			"finding what is left of the quota: the table is on fire",
		},
		{
			"usages hang", func(a *authorizer, _ *request) { a.usages = hangingUsages{} }, demo, "demo@example.com",
			"finding what is left of the quota: context deadline exceeded",
		},
		{
			"no usages", func(a *authorizer, _ *request) { a.usages = nil }, demo, "demo@example.com",
			"panic: runtime error: invalid memory address",
		},
		{
			"weak key", func(a *authorizer, _ *request) { a.ownerKeys = weakKeys{} }, service, marker + "@example.com",
			"panic: *errors.errorString",
		},
		{
			"no method ARN", func(_ *authorizer, r *request) { r.MethodArn = "" }, demo, "demo@example.com",
			"the event holds no method ARN",
		},
	} {
		b := newBench(t)
		event := requestOf(t, test.header, test.mail)
		test.spoil(b.authorizer, &event)
		ctx, cancel := context.WithTimeout(t.Context(), margin+100*time.Millisecond)
		got, err := b.handle(ctx, event)
		checkRefused(t, test.name, got, err, "internal error")
		if ctx.Err() != nil {
			t.Errorf("%s: the answer came after Lambda's deadline", test.name)
		}
		cancel()
		log := b.log.String()
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, test.log) ||
			!strings.Contains(log, `"route":"GET /presignedurl","apiRequestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef"`) {
			t.Errorf("%s: log %s, want one line with route, request and %q", test.name, log, test.log)
		}
		for _, personal := range []string{marker, "demo-password", "service-password", "@example.com", demo} {
			if strings.Contains(log, personal) {
				t.Errorf("%s: the log holds %q: %s", test.name, personal, log)
			}
		}
	}
}

func TestFaultsAreNotRemembered(t *testing.T) {
	b := newBench(t)
	b.users = failingUsers{err: errors.New("the table is on fire")}
	got, err := b.handle(t.Context(), requestOf(t, demo))
	checkRefused(t, "fault", got, err, "internal error")
	b.users = rows()
	if _, err := b.handle(t.Context(), requestOf(t, demo)); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}
