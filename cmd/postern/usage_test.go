package main_test

import (
	"strings"
	"testing"

	"postern/api"
)

func TestUsage(t *testing.T) {
	b := startLocal(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"lst"}, `no such command: did you mean "list"`},
		{[]string{"unlok"}, "no such command: did you mean \"unlock\"?\n"},
		{[]string{"user", "ad"}, "no such command: did you mean \"add\"?\n"},
		{[]string{password + `, did you mean ` + password}, "unexpected argument: a password is never one"},
		{[]string{"unlock"}, "unlock works on a stage on AWS: name it with --stage"},
		{[]string{"user"}, `expected one of "add", "passwd", "set", "remove", "list"`},
		{[]string{"user", "add"}, `expected "<mail>"`},
		{[]string{"user", "add", password}, "not a mail address"},
		{[]string{"user", "add", "ann@@example.com"}, "not a mail address"},
		{[]string{"user", "passwd", "änn@example.com"}, "not a mail address"},
		{[]string{"user", "remove", "a@example.com\n", "--yes"}, "not a mail address"},
		{[]string{"user", "add", "a@example.com", password}, "unexpected argument: a password is never one"},
		{[]string{"user", "passwd", "a@example.com", password}, "unexpected argument: a password is never one"},
		{[]string{"user", "list", password}, "unexpected argument: a password is never one"},
		{[]string{password}, "commands are upload, list, show, describe, get, rm, login, logout, key, link, doctor, invoke, logs, metrics, open, plan, policy, preflight, reconcile, revoke, smoke, unlock, url, user\n"},
		{[]string{"user", "add", "a@example.com", "--password", password}, "unknown flag --password"},
		{[]string{"user", "add", "a@example.com", "--password=" + password}, "unknown flag --password"},
		{[]string{"user", "add", "a@example.com", "--role=admin"}, `--role must be one of "user","service"`},
		{[]string{"user", "add", "a@example.com", "--quota=5 gb"}, "--quota: not a size"},
		{[]string{"--profile=team", "--stage=local", "user", "list"}, "--profile and --region are for stages on AWS"},
		{[]string{"--region=eu-west-1", "--stage=local", "user", "list"}, "--profile and --region are for stages on AWS"},
		{[]string{"--profile=team", "user", "list"}, "which stage?"},
		{[]string{"user", "list"}, "which stage? No local run answers: start one with make run"},
		{[]string{"--stage=", "user", "list"}, "--stage: not the name of a stage"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			run(t, "a-password", test.args...).refused(t, 2, test.want)
		})
	}
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestHelp(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"Usage: postern <command>", "user passwd", "--stage=STAGE", "--version", "$DATA"}},
		{[]string{"user", "add"}, []string{"Usage: postern user add <mail> [flags]", "never an argument", "--max-size=SIZE"}},
		{[]string{"user", "passwd"}, []string{"never an argument", "within 60 s"}},
		{[]string{"user", "remove"}, []string{"--yes", "within 60 s", "stay"}},
		{[]string{"user", "list"}, []string{"--json"}},
		{[]string{"list"}, []string{"--limit=N", "Default: 50", "--all", "POSTERN_PASSWORD", "never an argument", "$POSTERN_USER", "POSTERN_URL"}},
		{[]string{"show"}, []string{"Usage: postern show <id> [flags]", "--json", "never an argument"}},
		{[]string{"describe"}, []string{"--title=TITLE", "--no-labels", "--if-version=N", "never an argument"}},
		{[]string{"get"}, []string{"--output=FILE", "--force", "FILE.part", "never an argument"}},
		{[]string{"rm"}, []string{"Usage: postern rm <id> ... [flags]", "--yes", "no way back", "never an argument"}},
		{[]string{"reconcile"}, []string{"--folder=FOLDER", "--after=KEY", "--dry-run", "1000 LIST requests"}},
	} {
		got := run(t, "", append(test.args, "--help")...)
		got.done(t)
		for _, want := range test.want {
			if !strings.Contains(got.out, want) {
				t.Errorf("%q: the help lacks %q:\n%s", test.args, want, got.out)
			}
		}
	}
}

// Without arguments, the command says what there is.
func TestNoArguments(t *testing.T) {
	got, want := run(t, ""), run(t, "", "--help")
	got.done(t)
	if got.out != want.out || !strings.HasPrefix(got.out, "Usage: postern") {
		t.Errorf("got %q, want the help", got.out)
	}
}

func TestVersion(t *testing.T) {
	got := run(t, "", "--version")
	got.done(t)
	if want := "postern " + api.Version + "\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}

func TestSizes(t *testing.T) {
	b := startLocal(t)
	for _, test := range []struct{ text, want string }{
		{"0", "0"},
		{"1 B", "1"},
		{"3KiB", "3072"},
		{"2 TiB", "2199023255552"},
		{"5 GB", "5000000000"},
		{"9223372036854775807", "9223372036854775807"},
		{"8388607 TiB", "9223370937343148032"},
		{"8388608 TiB", ""},
		{"9223372036854775808", ""},
		{"-1", ""},
		{"1.5 GiB", ""},
		{"5  GiB", ""},
		{"5 gib", ""},
		{" 5", ""},
		{"5\n", ""},
		{"GiB", ""},
		{"", ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			got := local(t, password, "user", "add", "a@example.com", "--quota="+test.text)
			if test.want == "" {
				got.refused(t, 2, "--quota: not a size: must be")
				return
			}
			got.done(t)
			if quota := b.row(t)["quota"]; quota != test.want {
				t.Errorf("got a quota of %s, want %s", quota, test.want)
			}
			local(t, "", "user", "remove", "a@example.com", "--yes").done(t)
		})
	}
}

// A number of files is a whole number, written in one way.
func TestFilesOfUsers(t *testing.T) {
	b := startLocal(t)
	for text, right := range map[string]bool{
		"0": true, "1000000000": true, "1000000001": false, "-1": false, "1.5": false, "01": false, "+1": false, "5 GiB": false, "": false, "default": false,
	} {
		got := local(t, password, "user", "add", "a@example.com", "--file-quota="+text)
		if !right {
			got.refused(t, 2, "--file-quota: not a number of files: must be a whole number from 0 to 1000000000")
			continue
		}
		got.done(t)
		if quota := b.row(t)["fileQuota"]; quota != text {
			t.Errorf("got a quota of %s files, want %s", quota, text)
		}
		local(t, "", "user", "remove", "a@example.com", "--yes").done(t)
	}
}
