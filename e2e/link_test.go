package e2e_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/api"
	library "postern/client"
)

// manyFiles asks for a link that no test uses up.
var manyFiles = api.LinkRequest{From: "Ann", Count: new(int64(api.MaxLinkFiles))}

// newLink makes a link for guests, and returns the client that holds it.
func (c client) newLink(t *testing.T, asked api.LinkRequest) client {
	t.Helper()
	a := c.postJSON(t, "links", asked)
	if a.status != http.StatusCreated {
		t.Fatalf("POST links: got %d %s, want 201", a.status, a.body)
	}
	link := decoded[api.Link](t, a)
	linkIDs.Store(link.Token, link.ID)
	return client{c.base, c.user, link.Token}
}

// linkIDs has the ids of the links that newLink made, by their tokens.
var linkIDs sync.Map

// revokeLink revokes the link that a client holds, as its owner.
func (c client) revokeLink(t *testing.T, owner client) {
	t.Helper()
	id, _ := linkIDs.Load(c.password)
	if a := owner.do(t, http.MethodDelete, fmt.Sprint("links/", id)); a.status != http.StatusNoContent {
		t.Fatalf("DELETE links/%s: got %d %s, want 204", id, a.status, a.body)
	}
}

// linkIDOf returns the id of a new link that a caller makes for whom a column names, and for one who can make none an id that nobody
// has.
func linkIDOf(t *testing.T, c client, column string) string {
	t.Helper()
	query := ""
	if column == "other" || column == "stranger" {
		query = queryOf(c, column)
	}
	if a := c.postJSON(t, "links"+query, api.LinkRequest{From: "matrix"}); a.status == http.StatusCreated {
		return decoded[api.Link](t, a).ID
	}
	return strings.Repeat("a", 32)
}

// awaitVerdict waits until an upload of the client is ready or rejected.
func (c client) awaitVerdict(t *testing.T, id string) (seen record) {
	t.Helper()
	eventually(t, func() bool {
		seen = c.show(t, id)
		return seen.Status != api.StatusWaiting
	}, func() string { return "upload " + id + " is waiting" })
	return seen
}

// offer declares a file of a guest.
func (c client) offer(t *testing.T, name string, size int, more ...string) answer {
	t.Helper()
	body := map[string]any{"filename": name, "size": size, "guest": "Zoë 🏖"}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return c.postJSON(t, "uploads", body)
}

// give uploads a file of a guest, as a program that uses our client does, and returns its id.
func (c client) give(t *testing.T, name string, file []byte, via string) (string, error) {
	t.Helper()
	program, err := library.New(c.base, library.Bearer(c.password))
	if err != nil {
		t.Fatal(err)
	}
	request := api.UploadRequest{Filename: name, Size: int64(len(file)), Guest: new("Zoë 🏖"), Via: &via}
	return program.Upload(t.Context(), bytes.NewReader(file), library.UploadOptions{Request: request})
}

// A guest sees what is asked, sends it, learns what became of it, and the owner sees who sent it.
func TestGuestUploads(t *testing.T) {
	requireLocal(t)
	owner := addUser(t, "asks@example.com")
	guest := owner.newLink(t, api.LinkRequest{From: "Ann", Note: new("The text,\nplease"), Formats: &[]string{"txt", "pdf"}, Count: new(int64(3)), MaxSize: new(int64(100))})
	terms := decoded[api.GuestLink](t, guest.do(t, http.MethodGet, "link"))
	if terms.From != "Ann" || terms.Note != "The text,\nplease" || terms.Left != 3 || fmt.Sprint(terms.Formats) != "[pdf txt]" || terms.MaxSize != 100 {
		t.Errorf("terms %+v", terms)
	}
	for _, via := range api.Vias {
		id, err := guest.give(t, via+".txt", []byte("text"), via)
		if err != nil {
			t.Fatalf("%s: %v", via, err)
		}
		seen := guest.await(t, id, "ready")
		if seen.Guest != "Zoë 🏖" || seen.Filename != via+".txt" || seen.Link != "" || seen.Version != 0 {
			t.Errorf("the guest sees %+v", seen)
		}
		owned := decoded[record](t, owner.do(t, http.MethodGet, "uploads/"+id))
		linkID, _ := linkIDs.Load(guest.password)
		if owned.Guest != "Zoë 🏖" || owned.Link != linkID || owned.Status != "ready" {
			t.Errorf("the owner sees %+v", owned)
		}
		if told := server.awaitEvent(t, id, "Upload Ready").Detail.Upload; told["guest"] != "Zoë 🏖" || told["link"] != linkID {
			t.Errorf("event %v", told)
		}
	}
	for name, size := range map[string]int{"a.mp4": 4, "a.txt": 101} {
		if a := guest.offer(t, name, size); a.status < 400 {
			t.Errorf("%s of %d bytes: got %d %s", name, size, a.status, a.body)
		}
	}
	own := owner.store(t, "own.txt", []byte("text"))
	owner.await(t, own.ID, "ready")
	for _, path := range []string{"uploads/" + own.ID, "uploads", "usage", "uploads/" + own.ID + "/download"} {
		if a := guest.do(t, http.MethodGet, path); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
	}
}

// Fifty guests use a link for ten files at once, by PUT and in parts: exactly ten are ready, and the others say why not.
func TestLinkOfTenUsedByFifty(t *testing.T) {
	requireOperator(t)
	owner := addUser(t, "ten@example.com")
	guest := owner.newLink(t, api.LinkRequest{From: "Ann", Count: new(int64(10))})
	grants := make([]grant, 25) // all before anything has arrived
	for i := range grants {
		grants[i] = decoded[grant](t, guest.offer(t, "a.txt", 4))
	}
	ids := make(chan string, 50)
	var sending sync.WaitGroup
	for _, g := range grants {
		sending.Go(func() {
			if err := sender.Send(t.Context(), g.UploadGrant, strings.NewReader("text"), 4); err != nil {
				t.Errorf("uploading: %v", err)
			}
			ids <- g.ID
		})
		sending.Go(func() {
			id, err := guest.give(t, "a.txt", []byte("text"), api.ViaMultipart)
			if err != nil && !strings.Contains(err.Error(), "the link is used up") {
				t.Errorf("uploading in parts: %v", err)
			}
			ids <- id
		})
	}
	sending.Wait()
	close(ids)
	got := map[string]int{}
	for id := range ids {
		if id == "" {
			got["rejected link_used_up"]++ // when it was declared
			continue
		}
		seen := owner.awaitVerdict(t, id)
		got[seen.Status+" "+seen.Reason]++
	}
	if got["ready "] != 10 || got["rejected link_used_up"] != 40 {
		t.Errorf("got %v, want 10 ready and 40 rejected as link_used_up", got)
	}
	used := decoded[api.Usage](t, owner.do(t, http.MethodGet, "usage"))
	if used.Files != 10 {
		t.Errorf("the owner keeps %d files, want 10", used.Files)
	}
}

// What arrives after its link was revoked does not stay, and a minute later the link itself is refused. So is a link that ended, of
// another stage, and with any bit changed. Nothing of a link is in a log.
func TestLinksThatEnd(t *testing.T) {
	requireLocal(t)
	owner := newClient(demo.base, "ends@example.com:password of ends")
	server.postern(t, owner.password+"\n", "user", "add", owner.user)
	revoked := owner.newLink(t, manyFiles)
	late := decoded[grant](t, revoked.offer(t, "a.txt", 4))
	revoked.revokeLink(t, owner)
	if err := sender.Send(t.Context(), late.UploadGrant, strings.NewReader("text"), 4); err != nil {
		t.Fatal(err)
	}
	if seen := owner.awaitVerdict(t, late.ID); seen.Reason != "link_revoked" {
		t.Errorf("what arrives after the revocation is %s %s", seen.Status, seen.Reason)
	}
	all := owner.newLink(t, manyFiles)
	if a := owner.do(t, http.MethodDelete, "links"); a.status != http.StatusNoContent {
		t.Errorf("DELETE links: got %d %s", a.status, a.body)
	}
	if a := all.do(t, http.MethodGet, "link"); a.status != http.StatusForbidden || !strings.Contains(string(a.body), "does not work any more") {
		t.Errorf("after all were revoked: got %d %s", a.status, a.body)
	}
	end := time.Now().Add(2 * time.Second)
	short := owner.newLink(t, api.LinkRequest{From: "Ann", Until: new(end.Format(time.RFC3339Nano))})
	time.Sleep(time.Until(end))
	if a := short.do(t, http.MethodGet, "link"); a.status != http.StatusForbidden || !strings.Contains(string(a.body), "this link ended at") {
		t.Errorf("after the end: got %d %s", a.status, a.body)
	}
	good := owner.newLink(t, manyFiles)
	raw, err := base64.RawURLEncoding.DecodeString(good.password[len(api.LinkPrefix):])
	if err != nil {
		t.Fatal(err)
	}
	for bit := 0; bit < 8*len(raw); bit += 37 {
		edited := bytes.Clone(raw)
		edited[bit/8] ^= 1 << (bit % 8)
		forged := client{good.base, good.user, api.LinkPrefix + base64.RawURLEncoding.EncodeToString(edited)}
		if a := forged.do(t, http.MethodGet, "link"); a.status != http.StatusUnauthorized {
			t.Errorf("bit %d: got %d %s, want 401", bit, a.status, a.body)
		}
	}
	server.postern(t, "", "user", "remove", "--yes", owner.user)
	if a := good.do(t, http.MethodGet, "link"); a.status != http.StatusForbidden {
		t.Errorf("of a removed owner: got %d %s, want 403", a.status, a.body)
	}
	for _, c := range []client{revoked, all, short, good} {
		if log := server.Log(); strings.Contains(log, c.password[20:60]) {
			t.Error("the log holds a link")
		}
	}
}
