package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
)

// A service gives a context to uploads for another, by every transport. It comes back in the record, the list and the events,
// and neither the user nor anybody else gives, changes or removes one.
func TestContext(t *testing.T) {
	requireLocal(t)
	user := addUser(t, "customer@example.com")
	service := addUser(t, "shop@example.com", "--role", "service")
	forUser := "?mail=" + url.QueryEscape(user.user)
	const order = `order "1042" é`
	var ids []string
	for _, via := range api.Vias {
		g := service.grantFor(t, forUser, map[string]any{"filename": "a.txt", "size": 4, "via": via, "context": order})
		user.sendAny(t, g, "text")
		if u := user.await(t, g.ID, "ready"); u.Context != order {
			t.Errorf("%s: the record has context %q, want %q", via, u.Context, order)
		}
		if e := server.awaitEvent(t, g.ID, "Upload Ready"); e.Detail.Upload["context"] != order {
			t.Errorf("%s: the event has context %v, want %q", via, e.Detail.Upload["context"], order)
		}
		ids = append([]string{g.ID}, ids...)
	}
	plain := user.store(t, "plain.txt", []byte("text"))
	user.await(t, plain.ID, "ready")
	filter := "&context=" + url.QueryEscape(order)
	for name, a := range map[string]answer{
		"the user": user.do(t, http.MethodGet, "uploads?limit=50"+filter), "the service": service.do(t, http.MethodGet, "uploads"+forUser+filter),
	} {
		var got []string
		for _, u := range decoded[api.UploadList](t, a).Uploads {
			got = append(got, u.ID)
		}
		if diff := cmp.Diff(got, ids); diff != "" {
			t.Errorf("listed by %s (-got +want):\n%s", name, diff)
		}
	}
	for name, a := range map[string]answer{
		"given by the user":   user.postJSON(t, "uploads", map[string]any{"filename": "a.txt", "size": 4, "context": order}),
		"given by a key":      user.newKey(t, api.RightUpload).postJSON(t, "uploads", map[string]any{"filename": "a.txt", "size": 4, "context": order}),
		"changed by the user": user.patch(t, ids[0], map[string]any{"context": "mine"}),
		"changed by service":  service.patch(t, ids[0]+forUser, map[string]any{"context": "other"}),
		"too long":            service.postJSON(t, "uploads", map[string]any{"filename": "a.txt", "size": 4, "context": strings.Repeat("c", 257)}),
	} {
		want := http.StatusBadRequest
		if strings.HasPrefix(name, "given") {
			want = http.StatusForbidden
		}
		if a.status != want || !strings.Contains(string(a.body), "context") {
			t.Errorf("%s: got %d %s, want %d that names the context", name, a.status, a.body, want)
		}
	}
	if a := user.do(t, http.MethodDelete, "uploads/"+ids[0]); a.status != http.StatusNoContent {
		t.Fatalf("delete: got %d %s", a.status, a.body)
	}
	if e := server.awaitEvent(t, ids[0], "Upload Deleted"); e.Detail.Upload["context"] != order {
		t.Errorf("the event of the deletion has context %v, want %q", e.Detail.Upload["context"], order)
	}
}

// grantFor asks for a grant in the name of whom a query names.
func (c client) grantFor(t *testing.T, query string, body map[string]any) grant {
	t.Helper()
	a := c.postJSON(t, "uploads"+query, body)
	if a.status != http.StatusCreated {
		t.Fatalf("%v: got %d %s, want 201", body, a.status, a.body)
	}
	return decoded[grant](t, a)
}

// sendAny sends a text as a grant says, in parts, too.
func (c client) sendAny(t *testing.T, g grant, text string) {
	t.Helper()
	if g.Method != api.MethodMultipart {
		if err := sender.Send(t.Context(), g.UploadGrant, strings.NewReader(text), int64(len(text))); err != nil {
			t.Fatalf("uploading: %v", err)
		}
		return
	}
	open := c.beginGranted(t, g, int64(len(text)))
	if a := open.complete(t, open.sendAll(t, []byte(text)), ""); a.status != http.StatusOK {
		t.Fatalf("completing: got %d %s", a.status, a.body)
	}
}
