package main_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
)

// verify fails the test unless a row's hash is that of password.
func verify(t *testing.T, row map[string]string, password string) {
	t.Helper()
	if ok, err := identity.VerifyPassword(row["hash"], password); !ok || err != nil {
		t.Errorf("the row's hash does not verify the password: %v", err)
	}
}

// An end of credentials: the argument that names it, and how it is stored and printed.
var (
	endTime    = time.Now().UTC().Truncate(24*time.Hour).AddDate(1, 0, 1)
	lastDay    = endTime.AddDate(0, 0, -1).Format(time.DateOnly)
	endSeconds = fmt.Sprint(endTime.Unix())
	end        = endTime.Format(time.RFC3339)
)

func TestAdd(t *testing.T) {
	for _, test := range []struct {
		name  string
		args  []string
		input string
		want  map[string]string // besides mail, owner and hash
		out   string
	}{
		{
			"defaults", nil, password + "\n",
			map[string]string{"role": "user"},
			"role user, owner OWNER, max size default, quota default, file quota default",
		}, {
			"everything",
			[]string{"--role", "service", "--max-size", "5 GiB", "--quota=1500", "--file-quota=7"},
			password + "\r\nanother line\n",
			map[string]string{"role": "service", "maxSize": "5368709120", "quota": "1500", "fileQuota": "7"},
			"role service, owner OWNER, max size 5 GiB, quota 1500 B, file quota 7",
		}, {
			"a narrow service",
			[]string{"--role=service", "--may=delete,upload", "--for=Shop-*@Example.com", "--expires=" + lastDay},
			password + "\n",
			map[string]string{"role": "service", "may": "upload,delete", "for": "shop-*@example.com", "expires": endSeconds},
			"role service, owner OWNER, max size default, quota default, file quota default, may upload,delete, for shop-*@example.com, expires " + end,
		}, {
			"no line end, nothing allowed",
			[]string{"--max-size", "0"},
			password,
			map[string]string{"role": "user", "maxSize": "0"},
			"role user, owner OWNER, max size 0 B, quota default, file quota default",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := startLocal(t)
			got := local(t, test.input, append([]string{"user", "add", "Ann+b@Example.com"}, test.args...)...)
			got.done(t)
			owner := identity.Owner([]byte(ownerKey), "ann+b@example.com")
			want := "added user ann+b@example.com to stage local: " + strings.ReplaceAll(test.out, "OWNER", owner) + "\n"
			if diff := cmp.Diff(got.out, want); diff != "" {
				t.Errorf("stdout (-got +want)\n%s", diff)
			}
			row := b.row(t)
			verify(t, row, password)
			delete(row, "hash")
			test.want["mail"], test.want["owner"] = "ann+b@example.com", owner
			if diff := cmp.Diff(row, test.want); diff != "" {
				t.Errorf("row (-got +want)\n%s", diff)
			}
		})
	}
}

func TestAddRefusesUserThatExists(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com").done(t)
	before := b.row(t)
	local(t, "another password", "user", "add", "A@example.com", "--role=service").refused(t, 1,
		"adding user a@example.com to stage local: the user exists already")
	if diff := cmp.Diff(b.row(t), before); diff != "" {
		t.Errorf("the row changed (-got +want)\n%s", diff)
	}
}

func TestAddRefusesWeakOwnerKey(t *testing.T) {
	b := startLocal(t)
	b.key = "planted-short-key"
	got := local(t, password, "user", "add", "a@example.com")
	got.refused(t, 1, "owner key has 17 bytes")
	if strings.Contains(got.err, b.key) {
		t.Errorf("the error holds the key: %s", got.err)
	}
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestPasswd(t *testing.T) {
	b := startLocal(t)
	local(t, "first password", "user", "add", "a@example.com", "--quota=1 MiB").done(t)
	want := b.row(t)
	// Were the owner computed anew, it would change with the key.
	b.key = strings.Repeat("x", 32)

	got := local(t, password+"\n", "user", "passwd", "a@example.com")
	got.done(t)
	if want := "changed the password of user a@example.com of stage local; the old one stops working within 60 s\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	row := b.row(t)
	verify(t, row, password)
	delete(row, "hash")
	delete(want, "hash")
	if diff := cmp.Diff(row, want); diff != "" {
		t.Errorf("more than the hash changed (-got +want)\n%s", diff)
	}
}

func TestSet(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com", "--quota=1 MiB").done(t)
	want := b.row(t)
	want["role"], want["maxSize"] = "service", "5000000000"
	delete(want, "quota")
	want["fileQuota"] = "9"
	got := local(t, "", "user", "set", "a@example.com", "--role=service", "--max-size=5 GB", "--quota=default", "--file-quota=9")
	got.done(t)
	if want := "changed user a@example.com of stage local: role service, max size 5000000000 B, quota default, file quota 9; it holds within 60 s\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	if diff := cmp.Diff(b.row(t), want); diff != "" {
		t.Errorf("row (-got +want)\n%s", diff)
	}
	local(t, "", "user", "set", "b@example.com", "--quota=0").refused(t, 1, "changing user b@example.com of stage local: there is no such user")
	local(t, "", "user", "set", "a@example.com").refused(t, 2, "nothing to change: name --role, --max-size, --quota, --file-quota, --may, --for or --expires")
	local(t, "", "user", "set", "a@example.com", "--quota=-1").refused(t, 2, "--quota")
	local(t, "", "user", "set", "a@example.com", "--may=").refused(t, 2, "--may: not a list of rights: must be one or several of upload, read, delete and link, with commas between, or all")
	local(t, "", "user", "set", "a@example.com", "--for=*").refused(t, 2, "--for: not a domain")
	local(t, "", "user", "set", "a@example.com", "--expires=2020-01-01").refused(t, 2, "--expires: not a time to come")
	local(t, "", "user", "set", "a@example.com", "--expires=forever").refused(t, 2, "--expires: not a time to come")
	if diff := cmp.Diff(b.row(t), want); diff != "" {
		t.Errorf("row after wrong lines (-got +want)\n%s", diff)
	}
}

func TestSetScope(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com", "--role=service").done(t)
	want := b.row(t)
	for _, step := range []struct {
		flags []string
		row   map[string]string // empty: no attribute
		out   string
	}{
		{
			[]string{"--may=read", "--for=example.com", "--expires=" + lastDay},
			map[string]string{"may": "read", "for": "example.com", "expires": endSeconds},
			", may read, for example.com, expires " + end,
		},
		{[]string{"--may=all"}, map[string]string{"may": ""}, ", for example.com, expires " + end},
		{[]string{"--for=any", "--expires=never"}, map[string]string{"for": "", "expires": ""}, ""},
	} {
		got := local(t, "", append([]string{"user", "set", "a@example.com"}, step.flags...)...)
		got.done(t)
		line := "changed user a@example.com of stage local: role service, max size default, quota default, file quota default" + step.out + "; it holds within 60 s\n"
		if got.out != line {
			t.Errorf("%q: got %q, want %q", step.flags, got.out, line)
		}
		for name, value := range step.row {
			if want[name] = value; value == "" {
				delete(want, name)
			}
		}
		if diff := cmp.Diff(b.row(t), want); diff != "" {
			t.Errorf("%q: row (-got +want)\n%s", step.flags, diff)
		}
	}
}

func TestForNeedsAService(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com", "--for=example.com").refused(t, 2, "--for says whom a service may act for: it needs --role service")
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestRemove(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com").done(t)
	local(t, password, "user", "add", "b@example.com").done(t)

	local(t, "y\n", "user", "remove", "a@example.com").refused(t, 2, "confirm the removal with --yes")
	if rows := b.rows(t); len(rows) != 2 {
		t.Fatalf("got %d rows after a removal that was not confirmed, want 2", len(rows))
	}
	got := local(t, "", "user", "remove", "a@example.com", "--yes")
	got.done(t)
	want := "removed user a@example.com from stage local; their credentials are refused within 60 s, their files stay (0 B)\n" +
		"delete them with postern user remove a@example.com --purge --owner " + identity.Owner([]byte(ownerKey), "a@example.com") + "\n"
	if got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	if mail := b.row(t)["mail"]; mail != "b@example.com" {
		t.Errorf("%s is left, want b@example.com", mail)
	}
}

func TestUnknownUser(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "passwd", "a@example.com").refused(t, 1,
		"changing the password of user a@example.com of stage local: there is no such user")
	local(t, "", "user", "remove", "a@example.com", "--yes").refused(t, 1,
		"removing user a@example.com from stage local: there is no such user")
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestBadPasswords(t *testing.T) {
	b := startLocal(t)
	longest := "long " + strings.Repeat("x", identity.MaxPassword-len("long "))
	local(t, longest+"\r\n", "user", "add", "longest@example.com").done(t)
	verify(t, b.row(t), longest)
	for name, input := range map[string]string{
		"nothing":          "",
		"empty line":       "\n" + password + "\n",
		"one byte more":    longest + "y\n",
		"far too long":     strings.Repeat("x", 1<<20),
		"control":          password + "\x00\n",
		"carriage returns": password + "\r\r\n",
		"not UTF-8":        password + "\xff\n",
	} {
		t.Run(name, func(t *testing.T) {
			local(t, input, "user", "add", "a@example.com").refused(t, 1, "not a password: must be 1 to 1024 bytes")
			local(t, input, "user", "passwd", "longest@example.com").refused(t, 1, "not a password: must be 1 to 1024 bytes")
			verify(t, b.row(t), longest)
		})
	}
	for input, want := range map[string]string{
		"a\n":                   "the password is too short: must have at least 12 characters",
		"Password1234\n":        "the password is a common one",
		"longest@example.com\n": "the password is made of the user's mail address",
	} {
		local(t, input, "user", "add", "longest@example.com", "--role=service").refused(t, 1, want)
		local(t, input, "user", "passwd", "longest@example.com").refused(t, 1, want)
		verify(t, b.row(t), longest)
	}
}

func TestGeneratedPasswords(t *testing.T) {
	b := startLocal(t)
	generated := regexp.MustCompile(`(?s)^(.*\n)password: ([a-z2-7]{5}(?:-[a-z2-7]{5}){3})\n$`)
	seen := map[string]bool{}
	for _, command := range []string{"add", "passwd", "passwd"} {
		got := local(t, "", "user", command, "a@example.com", "--generate")
		got.done(t)
		parts := generated.FindStringSubmatch(got.out)
		if parts == nil || seen[parts[2]] {
			t.Fatalf("user %s: got %q, want a line and one with a new password", command, got.out)
		}
		seen[parts[2]] = true
		verify(t, b.row(t), parts[2])
	}
	local(t, "", "user", "add", "a@example.com", "--generate").refused(t, 1, "the user exists already")
	local(t, "", "user", "passwd", "b@example.com", "--generate").refused(t, 1, "there is no such user")
}

func TestList(t *testing.T) {
	b := startLocal(t)
	local(t, "", "user", "list").done(t)
	if got := local(t, "", "user", "list", "--json"); got.out != "[]\n" {
		t.Errorf("got %q for no users, want []", got.out)
	}
	local(t, password, "user", "add", "b&c@example.com", "--role=service", "--max-size=5 GiB", "--quota=1500", "--file-quota=7",
		"--may=upload,read", "--for=shop-*", "--expires="+lastDay).done(t)
	local(t, password, "user", "add", "a@example.com").done(t)
	a := identity.Owner([]byte(ownerKey), "a@example.com")
	c := identity.Owner([]byte(ownerKey), "b&c@example.com")

	if _, err := b.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(uploadsTable), Item: map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: a}, "id": &types.AttributeValueMemberS{Value: "usage"}, "used": &types.AttributeValueMemberN{Value: "1536"},
		"files": &types.AttributeValueMemberN{Value: "3"},
	}}); err != nil {
		t.Fatal(err)
	}

	got := local(t, "", "user", "list")
	got.done(t)
	want := "MAIL             ROLE     OWNER                 MAX SIZE  QUOTA    USED     FILE QUOTA  FILES  MAY          FOR     EXPIRES               BLOCKED\n" +
		"a@example.com    user     " + a + "  default   default  1.5 KiB  default     3      all          itself  never                 no\n" +
		"b&c@example.com  service  " + c + "  5 GiB     1500 B   0 B      7           0      upload,read  shop-*  " + end + "  no\n"
	if diff := cmp.Diff(got.out, want); diff != "" {
		t.Errorf("table (-got +want)\n%s", diff)
	}

	got = local(t, "", "user", "list", "--json")
	got.done(t)
	want = `[
  {
    "mail": "a@example.com",
    "role": "user",
    "owner": "` + a + `",
    "used": 1536,
    "files": 3
  },
  {
    "mail": "b&c@example.com",
    "role": "service",
    "owner": "` + c + `",
    "maxSize": 5368709120,
    "quota": 1500,
    "used": 0,
    "fileQuota": 7,
    "files": 0,
    "may": [
      "upload",
      "read"
    ],
    "for": "shop-*",
    "expires": "` + end + `"
  }
]
`
	if diff := cmp.Diff(got.out, want); diff != "" {
		t.Errorf("JSON (-got +want)\n%s", diff)
	}
	if hash := b.rows(t)[0]["hash"]; hash == "" || strings.Contains(got.out, "argon2") {
		t.Errorf("the hash is listed, or not stored")
	}
}

func TestListNamesMalformedRows(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com").done(t)
	_, err := b.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: map[string]types.AttributeValue{
		"mail": &types.AttributeValueMemberS{Value: "\x1b[2Jb@example.com"}, "hash": &types.AttributeValueMemberS{Value: "planted-hash"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := local(t, "", "user", "list")
	want := `error: reading the row of "\x1b[2Jb@example.com": attribute mail of a user is missing or malformed` + "\n"
	if got.code != 1 || got.err != want || !strings.Contains(got.out, "a@example.com  user") {
		t.Errorf("got %+v, want the well-formed row and the error %q", got, want)
	}
}

// DynamoDB answers a scan in pages of 1 MB.
func TestListReadsEveryPage(t *testing.T) {
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com").done(t)
	local(t, password, "user", "add", "b@example.com").done(t)
	pages := b.inPagesOfOne(t)
	got := local(t, "", "user", "list")
	got.done(t)
	for _, mail := range []string{"a@example.com", "b@example.com"} {
		if !strings.Contains(got.out, mail) {
			t.Errorf("%s is not listed:\n%s", mail, got.out)
		}
	}
	if pages() < 2 {
		t.Errorf("%d pages were read, want at least 2", pages())
	}
}
