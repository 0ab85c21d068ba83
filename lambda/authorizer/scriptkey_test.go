package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/records"
)

// memoryKeys are the keys of owners. It counts what it is asked.
type memoryKeys map[string]*ring

type ring struct {
	mail  identity.Mail
	keys  []records.ScriptKey
	reads int
	used  []time.Time
	err   error
}

func (k memoryKeys) ScriptKeys(_ context.Context, owner string) (identity.Mail, []records.ScriptKey, error) {
	found := k[owner]
	if found == nil {
		return "", nil, nil
	}
	found.reads++
	return found.mail, slices.Clone(found.keys), found.err
}

func (k memoryKeys) MarkScriptKeyUsed(_ context.Context, owner, _ string, now time.Time) error {
	k[owner].used = append(k[owner].used, now)
	return k[owner].err
}

// addKey gives the demo user a key, and returns its header.
func (b *bench) addKey(t *testing.T, edit func(*records.ScriptKey)) string {
	t.Helper()
	secret := derived(t, demoOwner).ForScripts()
	made, text, err := identity.NewScriptKey(secret, demoOwner, bytes.NewReader(bytes.Repeat([]byte{9}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	stored := records.ScriptKey{
		ID: made.ID, Hash: made.Hash(secret), May: identity.Rights{api.RightUpload, api.RightRead, api.RightDelete},
		Created: b.clock.now(), Expires: b.clock.now().Add(24 * time.Hour),
	}
	if edit != nil {
		edit(&stored)
	}
	b.keys = memoryKeys{demoOwner: {mail: "demo@example.com", keys: []records.ScriptKey{stored}}}
	return "Bearer " + text
}

func (b *bench) ring() *ring { return b.keys.(memoryKeys)[demoOwner] }

func TestWhatAKeyMayDo(t *testing.T) {
	for _, may := range []identity.Rights{{api.RightUpload}, {api.RightRead}, {api.RightDelete}, {api.RightUpload, api.RightRead, api.RightDelete}} {
		for _, route := range contract.Routes {
			b := newBench(t)
			header := b.addKey(t, func(k *records.ScriptKey) { k.May = may })
			got, err := b.handle(t.Context(), routed(t, route, header))
			if err != nil {
				t.Fatal(err)
			}
			want := "Deny"
			if slices.Contains(may, route.Right) {
				want = "Allow"
			}
			if effect := got.PolicyDocument.Statement[0].Effect; effect != want || got.PrincipalID != demoOwner {
				t.Errorf("may %s: %s %s: got %s, want %s", may, route.Method, route.Path, effect, want)
			}
		}
	}
}

func TestLimitsOfAKey(t *testing.T) {
	for _, test := range []struct {
		name string
		key  func(*records.ScriptKey)
		user func(*identity.User)
		want func(*apigw.Caller)
	}{
		{"none", nil, nil, func(*apigw.Caller) {}},
		{"size", func(k *records.ScriptKey) { k.MaxSize = 5 }, nil, func(c *apigw.Caller) { c.MaxSize = 5 }},
		{"size above the stage's", func(k *records.ScriptKey) { k.MaxSize = 5000 }, nil, func(*apigw.Caller) {}},
		{"size above the user's", func(k *records.ScriptKey) { k.MaxSize = 5 }, func(u *identity.User) { u.MaxSize = new(int64(3)) }, func(c *apigw.Caller) { c.MaxSize = 3 }},
		{"quota of the user", nil, func(u *identity.User) { u.Quota = new(int64(700)) }, func(c *apigw.Caller) { c.Quota, c.Remaining = 700, 200 }},
		{"folders", func(k *records.ScriptKey) { k.Folders = []string{"videos", "images"} }, nil, func(c *apigw.Caller) { c.Folders = []string{"videos", "images"} }},
		{"a service's key acts for itself", nil, func(u *identity.User) { u.Role = identity.RoleService }, func(*apigw.Caller) {}},
	} {
		b := newBench(t)
		header := b.addKey(t, test.key)
		all := rows()
		user := all["demo@example.com"]
		if test.user != nil {
			test.user(&user)
		}
		all["demo@example.com"], b.users = user, all
		want := apigw.Caller{
			Owner: demoOwner, Role: "user", MaxSize: 1000, Quota: 2000, Remaining: 1500, FileQuota: 20, RemainingFiles: 15, Key: derived(t, demoOwner),
		}
		test.want(&want)
		for _, mails := range [][]string{nil, {"demo@example.com"}} {
			got, err := b.handle(t.Context(), requestOf(t, header, mails...))
			if diff := cmp.Diff(got.Context, want.Context()); err != nil || diff != "" {
				t.Errorf("%s: %v (-got +want)\n%s", test.name, err, diff)
			}
		}
		got, err := b.handle(t.Context(), requestOf(t, header, "limited@example.com"))
		if diff := cmp.Diff(got, deny(demoOwner, methodARN, string(errForbidden))); err != nil || diff != "" {
			t.Errorf("%s: for another: %v (-got +want)\n%s", test.name, err, diff)
		}
	}
}

// Only a route that belongs to no right tells the mail, and only for the caller itself; and the one that makes links, whose mail
// is that of whom the link is for.
func TestMailOfRoutesOfKeys(t *testing.T) {
	for _, route := range contract.Routes {
		if route.Public {
			continue
		}
		got, err := newBench(t).handle(t.Context(), routed(t, route, service))
		makesLinks := route.Path == "/links" && route.Method == http.MethodPost
		want := map[bool]any{true: "service@example.com"}[route.Right == "" || makesLinks]
		if err != nil || got.Context["mail"] != want {
			t.Errorf("%s %s: got %v, %v, want the mail %v", route.Method, route.Path, got.Context, err, want)
		}
		got, err = newBench(t).handle(t.Context(), routed(t, route, service, "demo@example.com"))
		if makesLinks && got.Context["mail"] != "demo@example.com" {
			t.Errorf("a link for another: got %v", got.Context)
		}
		if allowed := got.PolicyDocument.Statement[0].Effect == "Allow"; err != nil || allowed != (route.Right != "") {
			t.Errorf("%s %s for another: got %v, %v", route.Method, route.Path, got, err)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	for name, edit := range map[string]func(*bench){
		"revoked":          func(b *bench) { b.ring().keys = nil },
		"another hash":     func(b *bench) { b.ring().keys[0].Hash = strings.Repeat("0", 64) },
		"no row":           func(b *bench) { b.keys = memoryKeys{} },
		"removed user":     func(b *bench) { b.users = memoryUsers{}; b.ring().mail = "removed@example.com" },
		"removed, no mail": func(b *bench) { b.ring().mail = "" }, // the demo user's owner is marked as removed
		"mail of another":  func(b *bench) { b.ring().mail = "limited@example.com" },
		"no right is left": func(b *bench) {
			b.narrowDemo(identity.Scope{May: identity.Rights{api.RightRead}})
			b.ring().keys[0].May = identity.Rights{api.RightUpload}
		},
		"other stage's key": func(b *bench) { b.ownerKeys = otherStage{} },
	} {
		b := newBench(t)
		header := b.addKey(t, nil)
		edit(b)
		for range 2 {
			got, err := b.handle(t.Context(), requestOf(t, header))
			checkRefused(t, name, got, err, "Unauthorized")
		}
		if ring := b.ring(); ring != nil && ring.reads > 1 || len(b.passwords.derivations) > 0 {
			t.Errorf("%s: more than one look at the table, or a derivation", name)
		}
		if strings.Contains(b.log.String(), header[20:60]) {
			t.Errorf("%s: the log holds the key: %s", name, b.log)
		}
	}
}

type otherStage struct{}

func (otherStage) OwnerKey(context.Context) ([]byte, error) {
	return bytes.Repeat([]byte("x"), 32), nil
}

func (b *bench) narrowDemo(scope identity.Scope) {
	all := rows()
	user := all["demo@example.com"]
	user.Scope = scope
	all[user.Mail], b.users = user, all
}

// A text that this stage has not made costs no look at a table: not even one whose checksum is right.
func TestForgedKeysCostNoRead(t *testing.T) {
	b := newBench(t)
	header := b.addKey(t, nil)
	text := strings.TrimPrefix(header, "Bearer ")
	forged := map[string]string{
		"truncated": header[:len(header)-1], "longer": header + "a", "prefix": "Bearer pstn_", "10 KB": header + strings.Repeat("a", 10<<10),
		"upper case": "Bearer pstn_" + strings.ToUpper(text[5:]), "two keys": header + " " + text, "comma": header + "," + text,
	}
	for i := len("pstn_"); i < len(text)-8; i++ {
		flipped := []byte(text[:len(text)-8])
		if flipped[i]++; flipped[i] == 'z'+1 || flipped[i] == '8' {
			flipped[i] = 'a'
		}
		head := string(flipped)
		forged[fmt.Sprintf("character %d", i)] = "Bearer " + head + text[len(text)-8:]
		sum := crc32.NewIEEE()
		sum.Write(flipped)
		forged[fmt.Sprintf("character %d, checksum corrected", i)] = "Bearer " + head + hex.EncodeToString(sum.Sum(nil))
	}
	for name, header := range forged {
		got, err := b.handle(t.Context(), requestOf(t, header))
		checkRefused(t, name, got, err, "Unauthorized")
	}
	if b.ring().reads != 0 || b.log.Len() > 0 {
		t.Errorf("%d reads, log %s, want none", b.ring().reads, b.log)
	}
	if got, err := b.handle(t.Context(), requestOf(t, "bearer   "+text)); err != nil || got.Context["owner"] != demoOwner {
		t.Errorf("the key itself: got %v, %v", got, err)
	}
	b.basic = false // keys are not passwords
	if got, err := b.handle(t.Context(), requestOf(t, header)); err != nil || got.Context["owner"] != demoOwner {
		t.Errorf("in a stage without passwords: got %v, %v", got, err)
	}
}

func TestRevocationIsFeltInAMinute(t *testing.T) {
	b := newBench(t)
	header := b.addKey(t, nil)
	b.clock.move(time.Minute)
	call := func(want error, reads int) {
		t.Helper()
		if _, err := b.handle(t.Context(), requestOf(t, header)); !errors.Is(err, want) || b.ring().reads != reads {
			t.Errorf("got %v after %d reads, want %v after %d", err, b.ring().reads, want, reads)
		}
	}
	call(nil, 1)
	call(nil, 1)
	b.ring().keys = nil
	b.clock.move(59 * time.Second)
	call(nil, 1)
	b.clock.move(time.Second)
	call(errUnauthorized, 2)
	call(errUnauthorized, 2)
}

// The end of a key and that of its user hold to the second.
func TestKeysExpire(t *testing.T) {
	for name, edit := range map[string]func(*bench){
		"key":  func(b *bench) { b.ring().keys[0].Expires = b.clock.now().Add(30 * time.Second) },
		"user": func(b *bench) { b.narrowDemo(identity.Scope{Expires: b.clock.now().Add(30 * time.Second)}) },
	} {
		b := newBench(t)
		header := b.addKey(t, nil)
		edit(b)
		for _, step := range []struct {
			move time.Duration
			want string
		}{{29 * time.Second, "Allow"}, {time.Second, "Deny"}, {2 * time.Minute, "Deny"}} {
			b.clock.move(step.move)
			got, err := b.handle(t.Context(), requestOf(t, header))
			if err != nil || got.PolicyDocument.Statement[0].Effect != step.want {
				t.Errorf("%s: got %+v, %v, want %s", name, got, err, step.want)
			}
			if message := fmt.Sprint(got.Context["message"]); step.want == "Deny" && !strings.HasPrefix(message, "your credentials have expired, at 2026-03-14T15:09:56Z") {
				t.Errorf("%s: got %q", name, message)
			}
		}
	}
}

// When a key was used is written once an hour, and a fault of that keeps nobody out.
func TestUseOfKeys(t *testing.T) {
	b := newBench(t)
	header := b.addKey(t, nil)
	call := func(writes int) {
		t.Helper()
		got, err := b.handle(t.Context(), requestOf(t, header))
		if err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" || len(b.ring().used) != writes {
			t.Errorf("got %v, %v, %d writes, want %d", got, err, len(b.ring().used), writes)
		}
	}
	call(1)
	call(1)
	b.ring().keys[0].LastUsed = b.clock.now().Truncate(time.Hour)
	b.clock.move(2 * time.Minute)
	call(1)
	b.clock.move(time.Hour)
	call(2)
	b.clock.move(time.Hour)
	b.keys = failingWrites{b.keys.(memoryKeys)}
	if got, err := b.handle(t.Context(), requestOf(t, header)); err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" {
		t.Errorf("a use that cannot be recorded: got %v, %v", got, err)
	}
	if log := b.log.String(); !strings.Contains(log, "the use of a key is not recorded") || strings.Contains(log, header[20:60]) {
		t.Errorf("log %s", log)
	}
}

type failingWrites struct{ memoryKeys }

func (failingWrites) MarkScriptKeyUsed(context.Context, string, string, time.Time) error {
	return errors.New("fault")
}

func TestFaultsOfKeysAllowNothing(t *testing.T) {
	b := newBench(t)
	header := b.addKey(t, nil)
	b.ring().err = errors.New("fault")
	got, err := b.handle(t.Context(), requestOf(t, header))
	checkRefused(t, "fault", got, err, "internal error")
	b.ring().err = nil
	if got, err := b.handle(t.Context(), requestOf(t, header)); err != nil || got.Context["owner"] != demoOwner {
		t.Errorf("after the fault: got %v, %v", got, err)
	}
}
