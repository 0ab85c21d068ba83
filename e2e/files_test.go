package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// A usage is the answer of GET /usage.
type usage struct{ Used, Quota, Files, FileQuota, MaxSize int64 }

func (c client) usage(t *testing.T) usage {
	t.Helper()
	return decoded[usage](t, c.do(t, http.MethodGet, "usage"))
}

// TestFileQuota uploads more files than an owner may keep at the same time. No more are accepted, a deletion makes room for
// another, and what is over quota is forgotten after a while.
func TestFileQuota(t *testing.T) {
	requireLocal(t)
	const fits, sent = 3, 9
	c, o := addUser(t, "files@example.com", "--file-quota", fmt.Sprint(fits)), server.operator(t)
	var grants []grant
	for range sent {
		grants = append(grants, c.grant(t, map[string]any{"filename": "a.txt", "size": 4}))
	}
	var all sync.WaitGroup
	for _, g := range grants {
		all.Go(func() {
			if status, code := g.put(t, []byte("text")); status != http.StatusOK {
				t.Errorf("got %d %s, want 200", status, code)
			}
		})
	}
	all.Wait()
	var ready, over []grant
	for _, g := range grants {
		var r record
		eventually(t, func() bool { r = c.show(t, g.ID); return r.Status != "waiting" }, func() string { return g.ID + " waits" })
		if r.Status == "ready" {
			ready = append(ready, g)
			continue
		}
		over = append(over, g)
		if r.Reason != "over_quota" || len(o.versions(t, g.Key)) != 0 {
			t.Errorf("got %+v with versions %q, want over_quota and none", r, o.versions(t, g.Key))
		}
	}
	if got := c.usage(t); len(ready) != fits || got.Files != fits || got.FileQuota != fits || got.Used != fits*int64(len("text"+"a.txt")) {
		t.Fatalf("%d are ready, usage %+v, want %d", len(ready), got, fits)
	}
	expires, ok := o.item(t, over[0].owner(), over[0].ID)["expires"].(*types.AttributeValueMemberN)
	if want := time.Now().Add(upload.TombstoneLifetime); !ok || expires.Value > fmt.Sprint(want.Unix()) || expires.Value < fmt.Sprint(want.Add(-time.Hour).Unix()) {
		t.Errorf("what is over quota expires at %v, want about %d", expires, want.Unix())
	}
	if a := c.patch(t, over[0].ID, map[string]any{"title": strings.Repeat("x", 300)}); a.status != http.StatusConflict {
		t.Errorf("describing what is over quota: got %d %s, want 409", a.status, a.body)
	}
	deletes(t, c, over[0])
	deletes(t, c, ready[0])
	if got := c.usage(t); got.Files != fits-1 {
		t.Errorf("after both deletions: usage %+v, want %d files", got, fits-1)
	}
}

// TestFilesAreCapped asks for grants at a quota of files that is used up, and close to it.
func TestFilesAreCapped(t *testing.T) {
	requireLocal(t)
	for _, test := range []struct {
		user      string
		fileQuota string
		used      int64
		want      int
		says      []string
	}{
		{"nofiles@example.com", "0", 0, http.StatusForbidden, []string{"the quota is 0 files"}},
		{"usedup@example.com", "5", 5, http.StatusForbidden, []string{"the quota of 5 files is used up, or was a minute ago"}},
		{"lowered@example.com", "5", 9, http.StatusForbidden, []string{"the quota of 5 files is used up, or was a minute ago"}},
		{"onemore@example.com", "5", 4, http.StatusCreated, nil},
	} {
		c, o := addUser(t, test.user, "--file-quota", test.fileQuota), server.operator(t)
		o.useFiles(t, o.ownerOf(t, c.user), 8, test.used) // before the authorizer has ever looked
		a := c.postJSON(t, "uploads", map[string]any{"filename": "a.txt", "size": 1})
		if a.status != test.want {
			t.Errorf("%s: got %d %s, want %d", test.user, a.status, a.body, test.want)
		}
		if form := c.do(t, http.MethodGet, "presignedurl?mail="+test.user); (form.status == http.StatusOK) != (test.want == http.StatusCreated) {
			t.Errorf("%s: a form: got %d %s", test.user, form.status, form.body)
		}
		if test.says != nil {
			checkError(t, a, "forbidden", test.says)
		}
	}
}

// TestTextsCount describes an upload. What is written counts, and what does not fit is refused.
func TestTextsCount(t *testing.T) {
	requireLocal(t)
	c := addUser(t, "texts@example.com", "--quota", "1000")
	g := c.store(t, "a.txt", []byte("text"))
	c.await(t, g.ID, "ready")
	check := func(when string, want int64) {
		t.Helper()
		if got := c.usage(t); got.Used != want || got.Files != 1 {
			t.Errorf("%s: usage %+v, want %d bytes in a file", when, got, want)
		}
	}
	check("as it was sent", 9)
	c.patch(t, g.ID, map[string]any{"title": "Süd", "description": "two\r\nlines", "labels": []string{"sea", "sun"}})
	check("described", 9+4+9+6)
	a := c.patch(t, g.ID, map[string]any{"description": strings.Repeat("x", 990)})
	checkError(t, a, "payload_too_large", []string{"981 bytes more", "quota of 1000 bytes"})
	check("refused", 28)
	c.patch(t, g.ID, map[string]any{"title": "", "description": "", "labels": []string{}})
	check("not described any more", 9)
	deletes(t, c, g)
	if got := c.usage(t); got.Used != 0 || got.Files != 0 {
		t.Errorf("after the deletion: usage %+v, want nothing", got)
	}
}
