package records_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/truora/minidyn/server"

	"postern/api"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/tabletest"
)

const keysOwner = "0123456789abcdef0123"

func keyNamed(id string) records.ScriptKey {
	return records.ScriptKey{
		ID: id, Name: "nightly", Hash: strings.Repeat("a", 64), May: identity.Rights{api.RightUpload, api.RightRead},
		Created: time.Unix(100, 0), Expires: time.Unix(200, 0),
	}
}

func TestScriptKeys(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	ctx := t.Context()
	expect := func(step string, mail identity.Mail, want ...records.ScriptKey) {
		t.Helper()
		gotMail, got, err := users.ScriptKeys(ctx, keysOwner)
		if diff := cmp.Diff(got, want); err != nil || gotMail != mail || diff != "" {
			t.Errorf("%s: mail %s, %v (-got +want)\n%s", step, gotMail, err, diff)
		}
	}
	expect("none", "")
	first, second := keyNamed("aaaaaaaa"), keyNamed("bbbbbbbb")
	second.Created, second.Folders, second.MaxSize = time.Unix(50, 0), []string{"images", "videos"}, 7
	for _, key := range []records.ScriptKey{first, second} {
		if err := users.AddScriptKey(ctx, keysOwner, "demo@example.com", key); err != nil {
			t.Fatal(err)
		}
	}
	expect("added", "demo@example.com", second, first)
	if err := users.AddScriptKey(ctx, keysOwner, "demo@example.com", first); !errors.Is(err, records.ErrUserChanged) {
		t.Errorf("the same id again: got %v, want %v", err, records.ErrUserChanged)
	}
	if err := users.MarkScriptKeyUsed(ctx, keysOwner, first.ID, time.Unix(3600*5+1234, 0)); err != nil {
		t.Error(err)
	}
	first.LastUsed = time.Unix(3600*5, 0)
	expect("used", "demo@example.com", second, first)
	for _, owner := range []string{keysOwner, "fedcba9876543210fedc"} {
		id := map[bool]string{true: "cccccccc", false: first.ID}[owner == keysOwner]
		if err := users.MarkScriptKeyUsed(ctx, owner, id, time.Unix(1, 0)); !errors.Is(err, records.ErrNoScriptKey) {
			t.Errorf("used %s of %s: got %v, want %v", id, owner, err, records.ErrNoScriptKey)
		}
		if err := users.RemoveScriptKey(ctx, owner, id); !errors.Is(err, records.ErrNoScriptKey) {
			t.Errorf("remove %s of %s: got %v, want %v", id, owner, err, records.ErrNoScriptKey)
		}
	}
	if err := users.RemoveScriptKey(ctx, keysOwner, first.ID); err != nil {
		t.Error(err)
	}
	expect("revoked", "demo@example.com", second)
	if all, malformed, err := users.All(ctx); len(all) != 0 || malformed != nil || err != nil {
		t.Errorf("All: got %v, %v, %v, want no user", all, malformed, err)
	}
	if mails, err := users.MailsOf(ctx, keysOwner); len(mails) != 0 || err != nil {
		t.Errorf("MailsOf: got %v, %v, want none", mails, err)
	}
	if err := errors.Join(users.RemoveScriptKeys(ctx, keysOwner), users.RemoveScriptKeys(ctx, keysOwner)); err != nil {
		t.Error(err)
	}
	expect("all removed", "")
}

func TestTooManyScriptKeys(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	for i := range api.MaxScriptKeys + 1 {
		err := users.AddScriptKey(t.Context(), keysOwner, "demo@example.com", keyNamed(fmt.Sprintf("aaaaaaa%c", 'a'+i)))
		if want := i == api.MaxScriptKeys; errors.Is(err, records.ErrTooManyKeys) != want || err != nil && !want {
			t.Errorf("key %d: got %v, refused %t", i+1, err, want)
		}
	}
}

// A key that lost what limits it is no key.
func TestMalformedScriptKeys(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	if err := users.AddScriptKey(t.Context(), keysOwner, "demo@example.com", keyNamed("aaaaaaaa")); err != nil {
		t.Fatal(err)
	}
	good := map[string]types.AttributeValue{
		"name": text("n"), "hash": text("h"), "may": text("read"), "folders": text(""), "maxSize": number("0"), "created": number("1"), "expires": number("2"),
	}
	for name, value := range map[string]types.AttributeValue{
		"may": text(""), "expires": number("0"), "hash": text(""), "maxSize": number("-1"), "folders": number("1"), "created": text("1"), "name": nil,
	} {
		members := map[string]types.AttributeValue{}
		for member, value := range good {
			members[member] = value
		}
		if members[name] = value; value == nil {
			delete(members, name)
		}
		put(t, client, map[string]types.AttributeValue{
			"mail": text("keys#" + keysOwner), "user": text("planted@example.com"), "key-aaaaaaaa": &types.AttributeValueMemberM{Value: members},
		})
		if _, keys, err := users.ScriptKeys(t.Context(), keysOwner); err == nil || keys != nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: got %v, %v, want an error without the mail", name, keys, err)
		}
	}
}
