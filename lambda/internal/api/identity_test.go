package api_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/lambda/internal/api"
	"postern/lambda/internal/upload"
)

var identity = api.Identity{Owner: "0123456789abcdef0123", Role: "user", MaxSize: 5 << 30, Quota: 7, Remaining: 4}

func TestIdentityRoundTrips(t *testing.T) {
	got, err := api.IdentityFrom(identity.Context())
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
		{"owner", nil, api.ErrNoOwner},
		{"owner", "", api.ErrNoOwner},
		{"owner", "0123456789ABCDEF0123", api.ErrNoIdentity},
		{"owner", "../../../etc/passwd0", api.ErrNoIdentity},
		{"role", nil, api.ErrNoIdentity},
		{"role", "", api.ErrNoIdentity},
		{"maxSize", nil, api.ErrNoIdentity},
		{"maxSize", "-1", api.ErrNoIdentity},
		{"maxSize", "9223372036854775808", api.ErrNoIdentity},
		{"maxSize", 5.0, api.ErrNoIdentity},
		{"quota", nil, api.ErrNoIdentity},
		{"quota", "-1", api.ErrNoIdentity},
		{"quota", "1e3", api.ErrNoIdentity},
		{"quota", "3", api.ErrNoIdentity}, // less than what is left of it
		{"remaining", nil, api.ErrNoIdentity},
		{"remaining", "", api.ErrNoIdentity},
		{"remaining", "-1", api.ErrNoIdentity},
		{"remaining", "8", api.ErrNoIdentity},
		{"remaining", "9223372036854775808", api.ErrNoIdentity},
		{"remaining", 4.0, api.ErrNoIdentity},
	} {
		context := identity.Context()
		context[test.name] = test.value
		if test.value == nil {
			delete(context, test.name)
		}
		got, err := api.IdentityFrom(context)
		if !errors.Is(err, test.want) || got != (api.Identity{}) {
			t.Errorf("%s = %v: got %+v, %v, want %v", test.name, test.value, got, err, test.want)
		}
	}
	for _, context := range []map[string]any{nil, {}, {"principalId": "x"}} {
		if _, err := api.IdentityFrom(context); !errors.Is(err, api.ErrNoIdentity) {
			t.Errorf("%v: got %v, want ErrNoIdentity", context, err)
		}
	}
	withoutOwner := maps.Clone(identity.Context())
	withoutOwner["owner"], withoutOwner["quota"] = "", "x"
	if _, err := api.IdentityFrom(withoutOwner); !errors.Is(err, api.ErrNoIdentity) {
		t.Errorf("no owner and a malformed quota: got %v, want ErrNoIdentity", err)
	}
}

func TestLimitsOfAnIdentity(t *testing.T) {
	if got, want := identity.Limits(), (upload.Limits{User: 5 << 30, Quota: 7, Remaining: 4}); got != want {
		t.Errorf("Limits = %+v, want %+v", got, want)
	}
}
