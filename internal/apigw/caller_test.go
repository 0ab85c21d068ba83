package apigw_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/upload"
)

var caller = apigw.Caller{
	Principal: "0123456789abcdef0123", Owner: "0123456789abcdef0123", Role: "user", MaxSize: 5 << 30, Quota: 7, Remaining: 4, FileQuota: 3, RemainingFiles: 2,
	Key: upload.DerivedKey{31: 1},
}

// keyText is the caller's key as the authorizer hands it on.
const keyText = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"

// contextOf returns what an event has of an authorizer that answers with a caller.
func contextOf(c apigw.Caller) map[string]any {
	context := c.Context()
	context["principalId"] = c.Principal
	return context
}

func TestCallerRoundTrips(t *testing.T) {
	caller := caller
	caller.Principal = "fedcba9876543210fedc" // a service
	got, err := apigw.CallerFrom(contextOf(caller))
	if diff := cmp.Diff(got, caller); err != nil || diff != "" {
		t.Errorf("CallerFrom: %v\n(-got +want)\n%s", err, diff)
	}
}

// What is there of a few callers alone is in no other's context.
func TestContextOfKeys(t *testing.T) {
	limited := caller
	limited.Principal, limited.Folders, limited.Mail = limited.Owner, []string{"videos", "images"}, "demo@example.com"
	context := contextOf(limited)
	if context["folders"] != "videos,images" || context["mail"] != "demo@example.com" {
		t.Errorf("got %v", context)
	}
	got, err := apigw.CallerFrom(context)
	if diff := cmp.Diff(got, limited); err != nil || diff != "" {
		t.Errorf("CallerFrom: %v (-got +want)\n%s", err, diff)
	}
	for _, malformed := range []any{"", ",", 7.0, nil} {
		context["folders"] = malformed
		if got, err := apigw.CallerFrom(context); err != nil || got.Opens("videos/x/y") {
			t.Errorf("folders %v: %v, opens videos: %t", malformed, err, got.Opens("videos/x/y"))
		}
	}
	for key, want := range map[string]bool{"videos/o/i": true, "images/o/i": true, "video/o/i": false, "videosx/o/i": false, "documents/videos/i": false, "": false} {
		if got := limited.Opens(key); got != want {
			t.Errorf("Opens(%q) = %t, want %t", key, got, want)
		}
	}
	if !caller.Opens("documents/o/i") {
		t.Error("a caller without folders does not open all")
	}
}

func TestContextIsStrings(t *testing.T) {
	want := map[string]any{
		"owner": "0123456789abcdef0123", "role": "user", "maxSize": "5368709120", "quota": "7", "remaining": "4",
		"fileQuota": "3", "remainingFiles": "2", "key": keyText,
	}
	if diff := cmp.Diff(caller.Context(), want); diff != "" {
		t.Errorf("Context (-got +want)\n%s", diff)
	}
}

func TestCallerFromFailsClosed(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any // nil: missing
		want  error
	}{
		{"principalId", nil, apigw.ErrNoCaller},
		{"principalId", "", apigw.ErrNoCaller},
		{"principalId", "demo@example.com", apigw.ErrNoCaller},
		{"principalId", 7.0, apigw.ErrNoCaller},
		{"owner", nil, apigw.ErrNoOwner},
		{"owner", "", apigw.ErrNoOwner},
		{"owner", "0123456789ABCDEF0123", apigw.ErrNoCaller},
		{"owner", "../../../etc/passwd0", apigw.ErrNoCaller},
		{"role", nil, apigw.ErrNoCaller},
		{"role", "", apigw.ErrNoCaller},
		{"maxSize", nil, apigw.ErrNoCaller},
		{"maxSize", "-1", apigw.ErrNoCaller},
		{"maxSize", "9223372036854775808", apigw.ErrNoCaller},
		{"maxSize", 5.0, apigw.ErrNoCaller},
		{"quota", nil, apigw.ErrNoCaller},
		{"quota", "-1", apigw.ErrNoCaller},
		{"quota", "1e3", apigw.ErrNoCaller},
		{"quota", "3", apigw.ErrNoCaller}, // less than what is left of it
		{"remaining", nil, apigw.ErrNoCaller},
		{"remaining", "", apigw.ErrNoCaller},
		{"remaining", "-1", apigw.ErrNoCaller},
		{"remaining", "8", apigw.ErrNoCaller},
		{"remaining", "9223372036854775808", apigw.ErrNoCaller},
		{"remaining", 4.0, apigw.ErrNoCaller},
		{"fileQuota", nil, apigw.ErrNoCaller},
		{"fileQuota", "-1", apigw.ErrNoCaller},
		{"fileQuota", "1", apigw.ErrNoCaller}, // less than what is left of it
		{"remainingFiles", nil, apigw.ErrNoCaller},
		{"remainingFiles", "-1", apigw.ErrNoCaller},
		{"remainingFiles", "4", apigw.ErrNoCaller},
		{"remainingFiles", 2.0, apigw.ErrNoCaller},
		{"key", nil, apigw.ErrNoCaller},
		{"key", "", apigw.ErrNoCaller},
		{"key", keyText[1:], apigw.ErrNoCaller},
		{"key", "+" + keyText[1:], apigw.ErrNoCaller},
		{"key", 4.0, apigw.ErrNoCaller},
	} {
		context := contextOf(caller)
		context[test.name] = test.value
		if test.value == nil {
			delete(context, test.name)
		}
		got, err := apigw.CallerFrom(context)
		if !errors.Is(err, test.want) || !cmp.Equal(got, apigw.Caller{}) {
			t.Errorf("%s = %v: got %+v, %v, want %v", test.name, test.value, got, err, test.want)
		}
	}
	for _, context := range []map[string]any{nil, {}, {"principalId": "x"}} {
		if _, err := apigw.CallerFrom(context); !errors.Is(err, apigw.ErrNoCaller) {
			t.Errorf("%v: got %v, want ErrNoCaller", context, err)
		}
	}
	withoutOwner := contextOf(caller)
	withoutOwner["owner"], withoutOwner["quota"] = "", "x"
	if _, err := apigw.CallerFrom(withoutOwner); !errors.Is(err, apigw.ErrNoCaller) {
		t.Errorf("no owner and a malformed quota: got %v, want ErrNoCaller", err)
	}
}

func TestLimitsOfACaller(t *testing.T) {
	if got, want := caller.Limits(), (upload.Limits{User: 5 << 30, Quota: 7, Remaining: 4, FileQuota: 3, RemainingFiles: 2}); got != want {
		t.Errorf("Limits = %+v, want %+v", got, want)
	}
}

// A guest has a link and nobody else has one; what is malformed of it is no caller.
func TestContextOfGuests(t *testing.T) {
	guest := caller
	guest.Role, guest.Folders, guest.Expires = apigw.RoleGuest, []string{"videos"}, time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)
	guest.Link = &apigw.GuestLink{
		Link:  upload.Link{ID: "a", From: "Zoë <b>🏖", Formats: []string{"mp4"}, MaxSize: 1, Count: 2, Total: 3, Made: 4},
		State: upload.LinkState{Used: upload.Usage{Bytes: 5, Files: 6}, Rejected: 7},
	}
	context := contextOf(guest)
	got, err := apigw.CallerFrom(context)
	if diff := cmp.Diff(got, guest); err != nil || diff != "" {
		t.Errorf("CallerFrom: %v (-got +want)\n%s", err, diff)
	}
	text, _ := context["link"].(string)
	for name, edit := range map[string]func(map[string]any){
		"no link":                 func(c map[string]any) { delete(c, "link") },
		"a link of nothing":       func(c map[string]any) { c["link"] = "" },
		"a link that is null":     func(c map[string]any) { c["link"] = nil },
		"a link of another user":  func(c map[string]any) { c["role"] = "user" },
		"a link cut off":          func(c map[string]any) { c["link"] = text[:len(text)-4] },
		"a link in other letters": func(c map[string]any) { c["link"] = "%" + text },
		"no id":                   func(c map[string]any) { c["link"] = "eyJjb3VudCI6MX0" },
		"no count":                func(c map[string]any) { c["link"] = "eyJpZCI6ImEifQ" },
		"no time":                 func(c map[string]any) { c["expires"] = "soon" },
	} {
		edited := maps.Clone(context)
		edit(edited)
		if got, err := apigw.CallerFrom(edited); !errors.Is(err, apigw.ErrNoCaller) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	stage := contract.Folders{
		"videos": {MaxSize: 1, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}}, "documents": {Formats: map[string]string{"pdf": "application/pdf"}},
	}
	want := contract.Folders{"videos": {MaxSize: 1, Formats: map[string]string{"mp4": "video/mp4"}}}
	if diff := cmp.Diff(guest.Table(stage), want); diff != "" {
		t.Errorf("Table (-got +want)\n%s", diff)
	}
	if diff := cmp.Diff(caller.Table(stage), stage); diff != "" {
		t.Errorf("Table of a user (-got +want)\n%s", diff)
	}
}
