package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/identity"
)

func TestParseRights(t *testing.T) {
	for text, want := range map[string]identity.Rights{
		"upload":             {api.RightUpload},
		"delete,upload":      {api.RightUpload, api.RightDelete},
		"upload,read,delete": {api.RightUpload, api.RightRead, api.RightDelete},
	} {
		got, err := identity.ParseRights(text)
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%s: %v (-got +want)\n%s", text, err, diff)
		}
		if second, err := identity.ParseRights(got.String()); err != nil || !cmp.Equal(second, got) {
			t.Errorf("%s: %s is read as %v, %v", text, got, second, err)
		}
	}
	for _, text := range []string{"", ",", "all", "read,", "read,read", "Read", "read, delete", "read delete", "write", "*", "read\n"} {
		if got, err := identity.ParseRights(text); !errors.Is(err, identity.ErrRights) || got != nil {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, identity.ErrRights)
		}
	}
}

func TestScopeAllows(t *testing.T) {
	var all, read identity.Scope
	read.May = identity.Rights{api.RightRead}
	for _, right := range append([]api.Right{"", "manage"}, api.Rights...) {
		if !all.Allows(right) {
			t.Errorf("a caller without limits lacks the right %q", right)
		}
		if got := read.Allows(right); got != (right == api.RightRead) {
			t.Errorf("a caller who may read has the right %q: %t", right, got)
		}
	}
}

func TestScopeExpires(t *testing.T) {
	end := time.Date(2027, time.January, 31, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		scope identity.Scope
		now   time.Time
		want  bool
	}{
		{identity.Scope{}, end, false},
		{identity.Scope{Expires: end}, end.Add(-time.Nanosecond), false},
		{identity.Scope{Expires: end}, end, true},
		{identity.Scope{Expires: end}, end.AddDate(1, 0, 0), true},
	} {
		if got := test.scope.IsExpired(test.now); got != test.want {
			t.Errorf("end %s at %s: got %t, want %t", test.scope.Expires, test.now, got, test.want)
		}
	}
}

func TestMails(t *testing.T) {
	for _, test := range []struct {
		mails    string
		includes []identity.Mail
		excludes []identity.Mail
	}{
		{
			"Example.COM",
			[]identity.Mail{"ann@example.com", "shop-1@example.com"},
			[]identity.Mail{"ann@shop.example.com", "ann@example.com.evil.org", "ann@notexample.com", "example.com@evil.org", "ann@example.co"},
		}, {
			"shop-*",
			[]identity.Mail{"shop-1@example.com", "shop-@example.org"},
			[]identity.Mail{"shop@example.com", "ann@shop-1.example.com", "ashop-1@example.com"},
		}, {
			"shop-*@example.com",
			[]identity.Mail{"shop-1@example.com", "shop-@example.com"},
			[]identity.Mail{"shop-1@example.org", "shop-1@a.example.com", "ann@example.com"},
		}, {
			"ann@example.com",
			[]identity.Mail{"ann@example.com"},
			[]identity.Mail{"ann@example.co", "annn@example.com", "joann@example.com"},
		},
	} {
		mails, err := identity.ParseMails(test.mails)
		if err != nil {
			t.Errorf("%s: %v", test.mails, err)
		}
		for _, mail := range test.includes {
			if !mails.Include(mail) {
				t.Errorf("%s excludes %s", mails, mail)
			}
		}
		for _, mail := range test.excludes {
			if mails.Include(mail) {
				t.Errorf("%s includes %s", mails, mail)
			}
		}
	}
	if !identity.Mails("").IncludeSubject("shop|7") {
		t.Error("a service without a bound is refused a subject")
	}
	if !identity.Mails("").Include("ann@example.com") {
		t.Error("a service without a bound is refused a mail")
	}
	for _, text := range []string{
		"subject:", "subject:a*b", "subject:**", "subject:a**", "subject:\n", "subject:é*", "Subject:a", "subject:" + strings.Repeat("a", 256),
		"", "*", "*@example.com", "@example.com", "a@b@c", "a*b", "a**", "a*b*@example.com", "a*@", "ann@exa*", "a b*", "example.com ", "exämple.com", "-a.com", ".", "a*@*",
	} {
		if got, err := identity.ParseMails(text); !errors.Is(err, identity.ErrMails) || got != "" {
			t.Errorf("%q: got %q, %v, want %v", text, got, err, identity.ErrMails)
		}
	}
}

// A bound of mails includes no subject, and one of subjects no mail, whatever a subject looks like.
func TestMailsOfSubjects(t *testing.T) {
	for _, test := range []struct {
		mails              string
		includes, excludes []identity.Subject
	}{
		{"subject:*", []identity.Subject{"shop|7", "a", "ann@example.com"}, nil},
		{"subject:shop|*", []identity.Subject{"shop|7", "shop|"}, []identity.Subject{"Shop|7", "shop", "ashop|7"}},
		{"subject:shop|7", []identity.Subject{"shop|7"}, []identity.Subject{"shop|70", "shop|", "SHOP|7"}},
		{"subject:ann@example.com", []identity.Subject{"ann@example.com"}, []identity.Subject{"bob@example.com"}},
		{"example.com", nil, []identity.Subject{"ann@example.com", "example.com"}},
		{"shop-*", nil, []identity.Subject{"shop-1", "shop-1@example.com"}},
		{"ann@example.com", nil, []identity.Subject{"ann@example.com"}},
	} {
		mails, err := identity.ParseMails(test.mails)
		if err != nil || string(mails) != test.mails {
			t.Fatalf("%s: got %q, %v", test.mails, mails, err)
		}
		for _, subject := range test.includes {
			if !mails.IncludeSubject(subject) || mails.Include(identity.Mail(subject)) {
				t.Errorf("%s excludes %s, or includes such a mail", mails, subject)
			}
		}
		for _, subject := range test.excludes {
			if mails.IncludeSubject(subject) {
				t.Errorf("%s includes %s", mails, subject)
			}
		}
	}
}
