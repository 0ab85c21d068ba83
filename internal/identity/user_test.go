package identity_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
)

func row() map[string]any {
	return map[string]any{
		"mail": "demo@example.com", "owner": "0123456789abcdef0123", "hash": referenceHash, "role": "user",
		"maxSize": int64(5), "quota": int64(0),
	}
}

func TestUserRoundTrips(t *testing.T) {
	maxSize, quota := int64(5), int64(0)
	for _, user := range []identity.User{
		{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: referenceHash, Role: identity.RoleUser},
		{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: referenceHash, Role: identity.RoleService, MaxSize: &maxSize, Quota: &quota},
	} {
		got, err := identity.UserFromItem(user.Item())
		if diff := cmp.Diff(got, user); err != nil || diff != "" {
			t.Errorf("UserFromItem: %v\n(-got +want)\n%s", err, diff)
		}
	}
}

func TestItemIsTheTablesForm(t *testing.T) {
	maxSize, quota := int64(5), int64(0)
	user := identity.User{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: referenceHash, Role: "user", MaxSize: &maxSize, Quota: &quota}
	if diff := cmp.Diff(user.Item(), row()); diff != "" {
		t.Errorf("Item (-got +want)\n%s", diff)
	}
	user.MaxSize, user.Quota = nil, nil
	want := row()
	delete(want, "maxSize")
	delete(want, "quota")
	if diff := cmp.Diff(user.Item(), want); diff != "" {
		t.Errorf("Item without limits (-got +want)\n%s", diff)
	}
}

func TestUserFromItemIgnoresOtherAttributes(t *testing.T) {
	item := row()
	item["createdAt"] = "2026-01-01"
	if _, err := identity.UserFromItem(item); err != nil {
		t.Error(err)
	}
}

func TestUserFromItemNamesTheAttribute(t *testing.T) {
	for _, test := range []struct {
		attribute string
		values    []any // nil: missing
	}{
		{"mail", []any{nil, "", "planted", "Demo@example.com", int64(1)}},
		{"owner", []any{nil, "", "planted", "0123456789ABCDEF0123", "0123456789abcdef01", int64(1)}},
		{"hash", []any{nil, "", "planted", "$argon2id$v=19$m=9999999,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
		{"role", []any{nil, "", "planted", "Service", "admin"}},
		{"maxSize", []any{int64(-1), "5", 5.0, "planted"}},
		{"quota", []any{int64(-1), "5", 5.0, "planted"}},
	} {
		for _, value := range test.values {
			item := maps.Clone(row())
			item[test.attribute] = value
			if value == nil {
				delete(item, test.attribute)
			}
			got, err := identity.UserFromItem(item)
			want := "attribute " + test.attribute + " of a user is missing or malformed"
			if err == nil || err.Error() != want || strings.Contains(err.Error(), "planted") {
				t.Errorf("%s = %v: error %v, want %s", test.attribute, value, err, want)
			}
			if diff := cmp.Diff(got, identity.User{}); diff != "" {
				t.Errorf("%s = %v: got a user", test.attribute, value)
			}
		}
	}
}
