package iam_test

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/local/iam"
)

func TestIssue(t *testing.T) {
	issuer := iam.NewIssuer(rand.Reader)
	presign := issue(t, issuer, "PresignRole")
	authorizer := issue(t, issuer, "AuthorizerRole")
	for _, c := range []iam.Credentials{presign, authorizer} {
		got, ok := issuer.Find(c.AccessKeyID)
		if diff := cmp.Diff(got, c); !ok || diff != "" {
			t.Errorf("finding the %v: %t, differs in %s", c, ok, diff)
		}
		if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(c.AccessKeyID) {
			t.Errorf("access key id %s is not like one of AWS", c.AccessKeyID)
		}
		if len(c.SecretAccessKey) != 40 || len(c.SessionToken) != 128 {
			t.Errorf("secret of %d and token of %d characters, want 40 and 128", len(c.SecretAccessKey), len(c.SessionToken))
		}
	}
	if presign.AccessKeyID == authorizer.AccessKeyID || presign.SecretAccessKey == authorizer.SecretAccessKey || presign.SessionToken == authorizer.SessionToken {
		t.Error("two roles share a credential")
	}
	if _, ok := issuer.Find("ASIAAAAAAAAAAAAAAAAA"); ok {
		t.Error("found credentials that nobody issued")
	}
}

func TestIssueWithoutRandomness(t *testing.T) {
	if _, err := iam.NewIssuer(strings.NewReader("short")).Issue("Role"); err == nil {
		t.Error("credentials were issued from too little randomness")
	}
}

func TestCredentialsHideInLogs(t *testing.T) {
	c := issue(t, iam.NewIssuer(rand.Reader), "Role")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, c); got != "credentials of role Role" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func issue(t *testing.T, issuer *iam.Issuer, role string) iam.Credentials {
	t.Helper()
	c, err := issuer.Issue(role)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
