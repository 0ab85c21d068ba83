package apigw_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/apigw"
	"postern/internal/upload"
)

var identity = apigw.Identity{Owner: "0123456789abcdef0123", Role: "user", MaxSize: 5 << 30, Quota: 7, Remaining: 4}

func TestIdentityRoundTrips(t *testing.T) {
	got, err := apigw.IdentityFrom(identity.Context())
	if diff := cmp.Diff(got, identity); err != nil || diff != "" {
		t.Errorf("IdentityFrom: %v\n(-got +want)\n%s", err, diff)
	}
}

func TestContextIsStrings(t *testing.T) {
	want := map[string]any{"owner": "0123456789abcdef0123", "role": "user", "maxSize": "5368709120", "quota": "7", "remaining": "4"}
	if diff := cmp.Diff(identity.Context(), want); diff != "" {
		t.Errorf("Context (-got +want)\n%s", diff)
	}
}

func TestIdentityFromFailsClosed(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any // nil: missing
		want  error
	}{
		{"owner", nil, apigw.ErrNoOwner},
		{"owner", "", apigw.ErrNoOwner},
		{"owner", "0123456789ABCDEF0123", apigw.ErrNoIdentity},
		{"owner", "../../../etc/passwd0", apigw.ErrNoIdentity},
		{"role", nil, apigw.ErrNoIdentity},
		{"role", "", apigw.ErrNoIdentity},
		{"maxSize", nil, apigw.ErrNoIdentity},
		{"maxSize", "-1", apigw.ErrNoIdentity},
		{"maxSize", "9223372036854775808", apigw.ErrNoIdentity},
		{"maxSize", 5.0, apigw.ErrNoIdentity},
		{"quota", nil, apigw.ErrNoIdentity},
		{"quota", "-1", apigw.ErrNoIdentity},
		{"quota", "1e3", apigw.ErrNoIdentity},
		{"quota", "3", apigw.ErrNoIdentity}, // less than what is left of it
		{"remaining", nil, apigw.ErrNoIdentity},
		{"remaining", "", apigw.ErrNoIdentity},
		{"remaining", "-1", apigw.ErrNoIdentity},
		{"remaining", "8", apigw.ErrNoIdentity},
		{"remaining", "9223372036854775808", apigw.ErrNoIdentity},
		{"remaining", 4.0, apigw.ErrNoIdentity},
	} {
		context := identity.Context()
		context[test.name] = test.value
		if test.value == nil {
			delete(context, test.name)
		}
		got, err := apigw.IdentityFrom(context)
		if !errors.Is(err, test.want) || got != (apigw.Identity{}) {
			t.Errorf("%s = %v: got %+v, %v, want %v", test.name, test.value, got, err, test.want)
		}
	}
	for _, context := range []map[string]any{nil, {}, {"principalId": "x"}} {
		if _, err := apigw.IdentityFrom(context); !errors.Is(err, apigw.ErrNoIdentity) {
			t.Errorf("%v: got %v, want ErrNoIdentity", context, err)
		}
	}
	withoutOwner := maps.Clone(identity.Context())
	withoutOwner["owner"], withoutOwner["quota"] = "", "x"
	if _, err := apigw.IdentityFrom(withoutOwner); !errors.Is(err, apigw.ErrNoIdentity) {
		t.Errorf("no owner and a malformed quota: got %v, want ErrNoIdentity", err)
	}
}

func TestLimitsOfAnIdentity(t *testing.T) {
	if got, want := identity.Limits(), (upload.Limits{User: 5 << 30, Quota: 7, Remaining: 4}); got != want {
		t.Errorf("Limits = %+v, want %+v", got, want)
	}
}
