package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/upload"
)

// account is what the authorizer reads of an owner.
func (b *backend) account(t *testing.T, owner string) upload.Account {
	t.Helper()
	account, err := records.NewUploads(b.client, uploadsTable).Account(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

// Each way to name a user blocks the owner that the authorizer finds for that user, and the same way unblocks it.
func TestBlockUser(t *testing.T) {
	const issuer = "https://id.example.com/"
	key := []byte(ownerKey)
	for _, test := range []struct {
		name  string
		args  []string
		owner string
		shown string // in the answer
		named string // in the list
		known bool
	}{
		{"a mail with a row", []string{"Ann@example.com"}, "", "user ann@example.com", "ann@example.com  user", true},
		{"a mail without a row", []string{"New@example.com"}, identity.Owner(key, "new@example.com"), "user new@example.com", "new@example.com  none", false},
		{"a provider's subject", []string{"--subject=auth0|7", "--issuer=" + issuer}, identity.SubjectOwner(key, issuer, "auth0|7"), `subject "auth0|7"`, `"auth0|7" of ` + issuer, false},
		{"a subject of the application's", []string{"--subject=7", "--issuer=none"}, identity.SubjectOwner(key, "", "7"), `subject "7"`, `"7"  `, false},
		{"an owner", []string{"--owner=0123456789abcdef0123"}, "0123456789abcdef0123", "owner 0123456789abcdef0123", "-  ", false},
	} {
		b := startLocal(t)
		local(t, password, "user", "add", "ann@example.com").done(t)
		if test.owner == "" {
			test.owner = b.row(t)["owner"]
		}
		got := local(t, "", append([]string{"user", "block"}, test.args...)...)
		want := "blocked " + test.shown + " of stage local, owner " + test.owner + "; every call is refused within 60 s\n"
		if hinted := strings.Contains(got.err, "look whether the name is right"); got.code != 0 || got.out != want || hinted == test.known {
			t.Errorf("%s: got %+v, want %s", test.name, got, want)
		}
		if !b.account(t, test.owner).Blocked {
			t.Errorf("%s: owner %s is not blocked", test.name, test.owner)
		}
		list := local(t, "", "user", "list").out
		lines := strings.Split(list, "\n")
		shown := 0
		for _, line := range lines {
			if strings.HasPrefix(line, test.named) && strings.Contains(line, test.owner) && strings.HasSuffix(line, "blocked") {
				shown++
			}
		}
		if shown != 1 || strings.Count(list, test.owner) != 1 {
			t.Errorf("%s: want one line that begins with %s and says blocked:\n%s", test.name, test.named, list)
		}
		got = local(t, "", append([]string{"user", "unblock"}, test.args...)...)
		if got.code != 0 || !strings.HasPrefix(got.out, "unblocked "+test.shown+" of stage local") || b.account(t, test.owner).Blocked {
			t.Errorf("%s: got %+v, want it unblocked", test.name, got)
		}
		if list := local(t, "", "user", "list").out; strings.Contains(list, "  blocked") || len(b.rows(t)) != 1 {
			t.Errorf("%s: something is left of the block:\n%s", test.name, list)
		}
		local(t, "", append([]string{"user", "unblock"}, test.args...)...).refused(t, 1, "it is not blocked: user list shows who is")
	}
}

func TestBlockNamesOneUser(t *testing.T) {
	startLocal(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "name one user: a mail, --subject or --owner"},
		{[]string{"a@example.com", "--owner=0123456789abcdef0123"}, "name one user"},
		{[]string{"a@example.com", "--subject=7", "--issuer=none"}, "name one user"},
		{[]string{"--subject=7"}, "--subject and --issuer go together"},
		{[]string{"a@example.com", "--issuer=none"}, "--subject and --issuer go together"},
		{[]string{"--subject=7", "--issuer=id.example.com"}, "--issuer is no URL"},
		{[]string{"--subject=7\n", "--issuer=none"}, "not a subject"},
		{[]string{"--owner=7"}, "not an owner"},
		{[]string{"ann"}, "not a mail address"},
	} {
		for _, command := range []string{"block", "unblock"} {
			local(t, "", append([]string{"user", command}, test.args...)...).refused(t, 2, test.want)
		}
	}
}

// A user's removal leaves no name behind in the list of who is blocked.
func TestRemovalForgetsTheBlocksName(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "ann@example.com").done(t)
	owner := b.row(t)["owner"]
	local(t, "", "user", "block", "ann@example.com").done(t)
	local(t, "", "user", "remove", "--yes", "ann@example.com").done(t)
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got %v, want no row", rows)
	}
	if !b.account(t, owner).Blocked {
		t.Error("the owner is not blocked any more")
	}
}

func TestListOfTheBlockedInJSON(t *testing.T) {
	startLocal(t)
	if got := local(t, "", "user", "block", "--subject=auth0|7", "--issuer=https://id.example.com/"); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	got := local(t, "", "user", "list", "--json")
	var users []map[string]any
	if err := json.Unmarshal([]byte(got.out), &users); err != nil || len(users) != 1 || users[0]["subject"] != "auth0|7" ||
		users[0]["issuer"] != "https://id.example.com/" || users[0]["blocked"] != true {
		t.Errorf("got %s, %v", got.out, err)
	}
}
