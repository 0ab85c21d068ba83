package records_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/truora/minidyn/server"

	"postern/internal/records"
	"postern/internal/tabletest"
	"postern/internal/upload"
)

func (b *bench) checkAccount(t *testing.T, when string, want upload.Account) {
	t.Helper()
	got, err := b.Account(t.Context(), owner)
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%s: %v (-got +want)\n%s", when, err, diff)
	}
	all, err := b.Accounts(t.Context(), []string{owner})
	if diff := cmp.Diff(all[owner], want); err != nil || diff != "" {
		t.Errorf("%s, of several: %v (-got +want)\n%s", when, err, diff)
	}
}

// A block stands beside the usage, and neither changes the other.
func TestBlock(t *testing.T) {
	b := newBench(t)
	b.checkAccount(t, "unknown", upload.Account{})
	if err := b.Unblock(t.Context(), owner); !errors.Is(err, records.ErrNotBlocked) {
		t.Errorf("unblocking nobody: got %v, want %v", err, records.ErrNotBlocked)
	}
	b.checkAccount(t, "unblocked who was not blocked", upload.Account{})
	for range 2 {
		if err := b.Block(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	b.checkAccount(t, "blocked", upload.Account{Blocked: true})
	b.accepted(t, idOf(1))
	kept := upload.Account{Usage: upload.Usage{Bytes: 100, Files: 1}, Blocked: true}
	b.checkAccount(t, "an upload that was signed before", kept)
	if err := b.Unblock(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	kept.Blocked = false
	b.checkAccount(t, "unblocked", kept)
	b.checkUsage(t, 100, 1)
	if got, err := b.Accounts(t.Context(), []string{other}); err != nil || len(got) != 0 {
		t.Errorf("another owner: got %v, %v, want nothing", got, err)
	}
}

// What the attribute holds makes no difference: nobody gets in by a malformed one.
func TestMalformedBlock(t *testing.T) {
	for _, value := range []types.AttributeValue{text("no"), number("0"), &types.AttributeValueMemberNULL{Value: true}} {
		b := newBench(t)
		b.putRaw(t, map[string]types.AttributeValue{"owner": text(owner), "id": text("usage"), "used": number("7"), "blocked": value})
		b.checkAccount(t, "malformed", upload.Account{Usage: upload.Usage{Bytes: 7}, Blocked: true})
	}
}

func TestBlocks(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	since := time.Unix(1_770_000_000, 0)
	want := []records.Block{
		{Owner: owner, Mail: "planted@example.com", Since: since},
		{Owner: other, Subject: "auth0|7", Issuer: "https://id.example.com/", Since: since},
	}
	for _, block := range want {
		if err := users.AddBlock(t.Context(), block); err != nil {
			t.Fatal(err)
		}
	}
	got, err := users.Blocks(t.Context())
	sorted := cmp.Transformer("sorted", func(all []records.Block) map[string]records.Block {
		byOwner := map[string]records.Block{}
		for _, block := range all {
			byOwner[block.Owner] = block
		}
		return byOwner
	})
	if diff := cmp.Diff(got, want, sorted); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s", err, diff)
	}
	// The list is nobody's row.
	if all, malformed, err := users.All(t.Context()); len(all) != 0 || malformed != nil || err != nil {
		t.Errorf("users: got %v, %v, %v, want none", all, malformed, err)
	}
	if mails, err := users.MailsOf(t.Context(), owner); len(mails) != 0 || err != nil {
		t.Errorf("mails: got %v, %v, want none", mails, err)
	}
	for range 2 {
		if err := users.RemoveBlock(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := users.Blocks(t.Context()); err != nil || len(got) != 1 || got[0].Owner != other {
		t.Errorf("got %v, %v, want the other's alone", got, err)
	}
}

func TestMalformedBlocks(t *testing.T) {
	for name, row := range map[string]map[string]types.AttributeValue{
		"no time":  {"mail": text("blocked#" + owner), "user": text("planted@example.com"), "subject": text(""), "issuer": text("")},
		"no owner": {"mail": text("blocked#planted"), "user": text(""), "subject": text(""), "issuer": text(""), "since": number("7")},
		"no name":  {"mail": text("blocked#" + owner), "user": number("7"), "subject": text(""), "issuer": text(""), "since": number("7")},
	} {
		users, client := open(t, server.NewServer())
		tabletest.Create(t, client, table, "mail")
		put(t, client, row)
		if got, err := users.Blocks(t.Context()); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: got %v, %v, want an error without a name", name, got, err)
		}
	}
}
