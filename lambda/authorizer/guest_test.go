package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/upload"
)

// memoryLinks are the states of links by owner. It counts what it is asked.
type memoryLinks map[string]*linkRow

type linkRow struct {
	state upload.LinkState
	reads int
	err   error
}

func (m memoryLinks) LinkState(_ context.Context, owner, _ string) (upload.LinkState, error) {
	row := m[owner]
	if row == nil {
		return upload.LinkState{}, nil
	}
	row.reads++
	return row.state, row.err
}

var guestRoute = contract.Route{Method: "POST", Path: "/uploads"}

// addLink makes a link of the demo user, and returns its header and terms. It ends after an hour.
func (b *bench) addLink(t *testing.T, edit func(*upload.Link)) (string, upload.Link) {
	t.Helper()
	link := upload.Link{
		Mail: "demo@example.com", From: "Ann", Note: "The film", Folders: []string{"videos"}, Formats: []string{"mp4"},
		MaxSize: 7, Count: 10, Total: 100, Made: b.clock.now().UnixMilli(),
	}
	if edit != nil {
		edit(&link)
	}
	end := b.clock.now().Add(time.Hour)
	made, text, err := derived(t, demoOwner).NewLink(demoOwner, link, end, bytes.NewReader(bytes.Repeat([]byte{9}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	b.linkStates = memoryLinks{demoOwner: {}}
	return "Bearer " + text, made
}

func (b *bench) linkRow() *linkRow { return b.linkStates.(memoryLinks)[demoOwner] }

func TestWhatALinkOpens(t *testing.T) {
	for _, route := range contract.Routes {
		b := newBench(t)
		header, _ := b.addLink(t, nil)
		for mails, want := range map[string]bool{"": route.Guests, "demo@example.com": false, "limited@example.com": false} {
			got, err := b.handle(t.Context(), routed(t, route, header, strings.Fields(mails)...))
			if err != nil {
				t.Fatal(err)
			}
			if effect := got.PolicyDocument.Statement[0].Effect; effect == "Allow" != want || got.PrincipalID != demoOwner {
				t.Errorf("%s %s for %q: got %s", route.Method, route.Path, mails, effect)
			}
		}
	}
	b := newBench(t)
	header, _ := b.addLink(t, nil)
	for _, route := range []contract.Route{{Method: "POST", Path: "/unknown"}, {Method: "post", Path: "/uploads"}, {}} {
		got, err := b.handle(t.Context(), routed(t, route, header))
		if err != nil || got.PolicyDocument.Statement[0].Effect != "Deny" {
			t.Errorf("%q %q: got %v, %v", route.Method, route.Path, got, err)
		}
	}
	wild := routed(t, guestRoute, header)
	wild.MethodArn = strings.TrimSuffix(methodARN, "/presignedurl") + "/*"
	if got, err := b.handle(t.Context(), wild); err != nil || got.PolicyDocument.Statement[0].Effect != "Deny" {
		t.Errorf("a path with a star: got %v, %v", got, err)
	}
}

func TestContextOfAGuest(t *testing.T) {
	state := upload.LinkState{Used: upload.Usage{Bytes: 3, Files: 2}, Rejected: 1}
	for _, test := range []struct {
		name string
		link func(*upload.Link)
		user func(*identity.User)
		want func(*apigw.Caller)
	}{
		{"terms", nil, nil, func(*apigw.Caller) {}},
		{"size above the owner's", func(l *upload.Link) { l.MaxSize = 5000 }, nil, func(c *apigw.Caller) { c.MaxSize, c.Link.MaxSize = 1000, 5000 }},
		{"limits of the owner's row", nil, func(u *identity.User) { u.Quota, u.MaxSize = new(int64(700)), new(int64(3)) }, func(c *apigw.Caller) { c.Quota, c.Remaining, c.MaxSize = 700, 200, 3 }},
		{"a service's link is for itself", nil, func(u *identity.User) { u.Role = identity.RoleService }, func(*apigw.Caller) {}},
	} {
		for _, route := range []contract.Route{guestRoute, {Method: "GET", Path: "/link"}} {
			b := newBench(t)
			header, link := b.addLink(t, test.link)
			b.linkRow().state = state
			all := rows()
			user := all["demo@example.com"]
			if test.user != nil {
				test.user(&user)
			}
			all["demo@example.com"], b.users = user, all
			link.Mail, link.Folders = "", nil
			if route.Path == guestRoute.Path {
				link.From, link.Note = "", ""
			}
			want := apigw.Caller{
				Principal: demoOwner, Owner: demoOwner, Role: "guest", MaxSize: 7, Quota: 2000, Remaining: 1500, FileQuota: 20, RemainingFiles: 15,
				Key: derived(t, demoOwner), Folders: []string{"videos"}, Link: &apigw.GuestLink{Link: link, State: state},
			}
			test.want(&want)
			got, err := b.handle(t.Context(), routed(t, route, header))
			if err != nil {
				t.Fatal(err)
			}
			context := got.Context
			context["principalId"] = got.PrincipalID
			caller, err := apigw.CallerFrom(context)
			if diff := cmp.Diff(caller, want); err != nil || diff != "" {
				t.Errorf("%s, %s: %v (-got +want)\n%s", test.name, route.Path, err, diff)
			}
			if text := fmt.Sprint(context); strings.Contains(text, "example.com") {
				t.Errorf("%s: the context holds a mail: %s", test.name, text)
			}
		}
	}
}

// However long a link's words are, what API Gateway hands on stays far below its limits.
func TestLargestContextOfAGuest(t *testing.T) {
	b := newBench(t)
	header, _ := b.addLink(t, func(l *upload.Link) {
		l.From, l.Note = strings.Repeat("🏖", api.MaxLinkFrom), strings.Repeat("🏖", api.MaxLinkNote)
	})
	got, err := b.handle(t.Context(), routed(t, contract.Route{Method: "GET", Path: "/link"}, header))
	if err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" {
		t.Fatalf("got %v, %v", got, err)
	}
	if size := len(fmt.Sprint(got.Context)); size > 5<<10 || len(header) > 5<<10 {
		t.Errorf("the context has %d bytes, the header %d, want at most 5 KiB", size, len(header))
	}
}

// A link that is refused says so in words that tell nothing of its owner, and costs one look at the table at most.
func TestLinksThatAreRefused(t *testing.T) {
	const dead = string(errDeadLink)
	for name, test := range map[string]struct {
		edit func(*bench)
		want string
	}{
		"revoked":                  {func(b *bench) { b.linkRow().state.Revoked = true }, dead},
		"all revoked":              {func(b *bench) { b.linkRow().state.RevokedAt = b.clock.now() }, dead},
		"removed owner":            {func(b *bench) { b.linkRow().state.OwnerRemoved = true }, dead},
		"blocked owner":            {func(b *bench) { b.kept.blocked = map[string]bool{demoOwner: true} }, dead},
		"removed row":              {func(b *bench) { b.users = memoryUsers{} }, dead},
		"row of another owner":     {func(b *bench) { all := rows(); all["demo@example.com"] = all["limited@example.com"]; b.users = all }, dead},
		"expired owner":            {func(b *bench) { b.narrowDemo(identity.Scope{Expires: b.clock.now()}) }, dead},
		"owner who may not upload": {func(b *bench) { b.narrowDemo(identity.Scope{May: identity.Rights{api.RightRead, api.RightLink}}) }, dead},
		"ended":                    {func(b *bench) { b.clock.move(time.Hour) }, "this link ended at 2026-03-14T16:09:26Z: ask who sent it for a new one"},
	} {
		b := newBench(t)
		header, _ := b.addLink(t, nil)
		test.edit(b)
		for range 2 {
			got, err := b.handle(t.Context(), routed(t, guestRoute, header))
			if diff := cmp.Diff(got, deny(demoOwner, methodARN, test.want)); err != nil || diff != "" {
				t.Errorf("%s: %v (-got +want)\n%s", name, err, diff)
			}
		}
		if b.linkRow().reads > 1 {
			t.Errorf("%s: %d reads", name, b.linkRow().reads)
		}
		if b.log.Len() > 0 {
			t.Errorf("%s: log %s", name, b.log)
		}
	}
}

// A text that this stage has not made costs no look at a table, whichever bit of a link it has changed.
func TestForgedLinksCostNoRead(t *testing.T) {
	b := newBench(t)
	header, _ := b.addLink(t, nil)
	text := strings.TrimPrefix(header, "Bearer ")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, api.LinkPrefix))
	if err != nil {
		t.Fatal(err)
	}
	forged := []string{
		header[:len(header)-1], header + "A", "Bearer pstl_", header + strings.Repeat("A", 10<<10), header + " " + text, header + "," + text,
		"Basic " + text, "Link " + text, "Bearer pstl_" + strings.ToUpper(text[5:]), "Bearer pstn_" + text[5:],
	}
	for bit := range 8 * len(raw) {
		edited := bytes.Clone(raw)
		edited[bit/8] ^= 1 << (bit % 8)
		forged = append(forged, "Bearer "+api.LinkPrefix+base64.RawURLEncoding.EncodeToString(edited))
	}
	for _, header := range forged {
		got, err := b.handle(t.Context(), routed(t, guestRoute, header))
		checkRefused(t, header, got, err, "Unauthorized")
	}
	b.ownerKeys = otherStage{}
	got, err := b.handle(t.Context(), routed(t, guestRoute, header))
	checkRefused(t, "another stage", got, err, "Unauthorized")
	if b.linkRow().reads != 0 || len(b.passwords.derivations) > 0 || b.log.Len() > 0 {
		t.Errorf("%d reads, derivations %v, log %s, want none", b.linkRow().reads, b.passwords.derivations, b.log)
	}
	two := routed(t, guestRoute, header)
	two.MultiValueHeaders = map[string][]string{"Authorization": {header, header}}
	got, err = b.handle(t.Context(), two)
	checkRefused(t, "two headers", got, err, "Unauthorized")
	b.ownerKeys = b.key
	b.basic = false // links are not passwords
	if got, err := b.handle(t.Context(), routed(t, guestRoute, "bearer   "+text)); err != nil || got.Context["owner"] != demoOwner {
		t.Errorf("the link itself, in a stage without passwords: got %v, %v", got, err)
	}
}

func TestRevocationOfALinkIsFeltInAMinute(t *testing.T) {
	b := newBench(t)
	header, _ := b.addLink(t, nil)
	b.clock.move(time.Minute)
	call := func(want string, reads int) {
		t.Helper()
		got, err := b.handle(t.Context(), routed(t, guestRoute, header))
		if err != nil || got.PolicyDocument.Statement[0].Effect != want || b.linkRow().reads != reads {
			t.Errorf("got %v, %v after %d reads, want %s after %d", got, err, b.linkRow().reads, want, reads)
		}
	}
	call("Allow", 1)
	b.linkRow().state.Revoked = true
	b.clock.move(59 * time.Second)
	call("Allow", 1)
	b.clock.move(time.Second)
	call("Deny", 2)
	call("Deny", 2)
}

// An owner without a mail has no row: then its mark alone says whether it was removed.
func TestLinkOfAnOwnerWithoutAMail(t *testing.T) {
	for removed, want := range map[bool]string{false: "Allow", true: "Deny"} {
		b := newBench(t)
		header, _ := b.addLink(t, func(l *upload.Link) { l.Mail = "" })
		b.users = failingUsers{err: errors.New("asked for a row")}
		b.linkRow().state.OwnerRemoved = removed
		got, err := b.handle(t.Context(), routed(t, guestRoute, header))
		if err != nil || got.PolicyDocument.Statement[0].Effect != want {
			t.Errorf("removed %t: got %v, %v, want %s", removed, got, err, want)
		}
	}
}

func TestFaultsOfLinksAllowNothing(t *testing.T) {
	for name, edit := range map[string]func(*bench){
		"links": func(b *bench) { b.linkRow().err = errors.New("fault of " + marker[:7]) },
		"users": func(b *bench) { b.users = failingUsers{err: errors.New("fault")} },
	} {
		b := newBench(t)
		header, _ := b.addLink(t, nil)
		edit(b)
		got, err := b.handle(t.Context(), routed(t, guestRoute, header))
		checkRefused(t, name, got, err, "internal error")
		if log := b.log.String(); strings.Contains(log, header[20:60]) || !strings.Contains(log, "fault") {
			t.Errorf("%s: log %s", name, log)
		}
		b.linkRow().err, b.users = nil, rows()
		if got, err := b.handle(t.Context(), routed(t, guestRoute, header)); err != nil || got.Context["owner"] != demoOwner {
			t.Errorf("%s: after the fault: got %v, %v", name, got, err)
		}
	}
}

// The mail that a link's making is told is that of whom it is for, and the end is that of the credentials.
func TestMakersOfLinks(t *testing.T) {
	makes := contract.Route{Method: "POST", Path: "/links"}
	b := newBench(t)
	end := b.clock.now().Add(time.Hour).Truncate(time.Second)
	b.narrow(identity.Scope{May: identity.Rights{api.RightLink}, Expires: end})
	for mail, owner := range map[string]string{"service@example.com": serviceOwner, "demo@example.com": demoOwner} {
		got, err := b.handle(t.Context(), routed(t, makes, service, mail))
		if err != nil || got.Context["mail"] != mail || got.Context["owner"] != owner || got.Context["expires"] != end.UTC().Format(time.RFC3339) {
			t.Errorf("for %s: got %v, %v", mail, got.Context, err)
		}
	}
	if got, err := b.handle(t.Context(), routed(t, makes, service, "nobody")); err != nil || got.Context["mail"] != nil || got.Context["owner"] != "" {
		t.Errorf("for no mail: got %v, %v", got.Context, err)
	}
	for _, route := range contract.Routes {
		got, err := b.handle(t.Context(), routed(t, route, service))
		if allowed := got.PolicyDocument.Statement[0].Effect == "Allow"; err != nil || allowed != (route.Right == api.RightLink) {
			t.Errorf("%s %s with the right link alone: got %v, %v", route.Method, route.Path, got, err)
		}
		if _, told := got.Context["expires"]; told != slices.Contains([]string{"POST /links"}, route.Method+" "+route.Path) {
			t.Errorf("%s %s: context %v", route.Method, route.Path, got.Context)
		}
	}
}
