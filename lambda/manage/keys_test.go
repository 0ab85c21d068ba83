package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/identity"
	"postern/internal/records"
)

// aKey is a good body of POST /keys.
const aKey = `{"name":"planted-secret backup","may":["read","upload"],"folders":["videos"],"maxSize":7,"days":30}`

func TestKeysOfAnOwner(t *testing.T) {
	w := newWorld(t)
	made := see[api.ScriptKey](t, w.do(t, call{owner: owner, method: http.MethodPost, path: "/keys", body: aKey}), http.StatusCreated)
	key, err := identity.ParseScriptKey(made.Key)
	if err != nil || key.Owner != owner || key.ID != made.ID || !key.IsGenuine(derived(owner).ForScripts()) {
		t.Fatalf("the key is not one of the owner: %v", err)
	}
	created := start.Truncate(time.Second)
	want := api.ScriptKey{
		ID: key.ID, Name: marker + " backup", May: []api.Right{api.RightUpload, api.RightRead}, Folders: []string{"videos"}, MaxSize: 7,
		CreatedAt: api.Time{Time: created}, Expires: api.Time{Time: created.AddDate(0, 0, 30)},
	}
	text := made.Key
	made.Key = ""
	if diff := cmp.Diff(made, want); diff != "" {
		t.Errorf("made (-got +want)\n%s", diff)
	}
	mail, stored, err := w.users.ScriptKeys(t.Context(), owner)
	if err != nil || len(stored) != 1 || stored[0].Hash != key.Hash(derived(owner).ForScripts()) || mail != marker+"@example.com" {
		t.Errorf("stored: %s, %+v, %v", mail, stored, err)
	}
	used := start.Add(2 * time.Hour)
	if err := w.users.MarkScriptKeyUsed(t.Context(), owner, key.ID, used); err != nil {
		t.Fatal(err)
	}
	want.LastUsed = &api.Time{Time: used.Truncate(time.Hour)}

	response := w.do(t, call{owner: owner, path: "/keys"})
	if diff := cmp.Diff(see[api.ScriptKeyList](t, response, http.StatusOK), api.ScriptKeyList{Keys: []api.ScriptKey{want}}); diff != "" {
		t.Errorf("list (-got +want)\n%s", diff)
	}
	if strings.Contains(response.Body+w.log.String(), text[20:60]) || strings.Contains(response.Body, stored[0].Hash) {
		t.Error("the list or the log holds the key, or its hash")
	}
	noKeys := see[api.ScriptKeyList](t, w.do(t, call{owner: other, path: "/keys"}), http.StatusOK)
	if noKeys.Keys == nil || len(noKeys.Keys) != 0 {
		t.Errorf("another's list: got %+v, want []", noKeys)
	}

	noKey := failure("no such key", "not_found")
	for name, id := range map[string]string{"unknown": "aaaaaaaa", "malformed": "../keys", "the key": text, "upper case": strings.ToUpper(key.ID)} {
		checkRefusal(t, name, w.do(t, call{owner: owner, method: http.MethodDelete, path: "/keys/{keyId}", keyID: id}), http.StatusNotFound, noKey)
	}
	revoke := call{owner: other, method: http.MethodDelete, path: "/keys/{keyId}", keyID: key.ID}
	checkRefusal(t, "another's", w.do(t, revoke), http.StatusNotFound, noKey)
	revoke.owner = owner
	if response := w.do(t, revoke); response.StatusCode != http.StatusNoContent {
		t.Errorf("revoke: got %d %s", response.StatusCode, response.Body)
	}
	checkRefusal(t, "again", w.do(t, revoke), http.StatusNotFound, noKey)
	if log := w.log.String(); !strings.Contains(log, "key created") || !strings.Contains(log, "key revoked") || !strings.Contains(log, key.ID) {
		t.Errorf("log %s", log)
	}
}

func TestDefaultsOfKeys(t *testing.T) {
	w := newWorld(t)
	made := see[api.ScriptKey](t, w.do(t, call{owner: owner, method: http.MethodPost, path: "/keys", body: `{"name":"x","may":["delete"],"folders":null}`}), http.StatusCreated)
	if made.Folders != nil || made.MaxSize != 0 || !made.Expires.Equal(start.Truncate(time.Second).AddDate(0, 0, 90)) {
		t.Errorf("got %+v, want all folders, the owner's size and 90 days", made)
	}
}

func TestRefusedKeys(t *testing.T) {
	w := newWorld(t)
	const may, folders = "may must be one or several of [upload read delete link], each once", "folders must be one or several of [documents videos], each once"
	name := "name must be 1 to 100 bytes of UTF-8 without control characters"
	for body, want := range map[string]string{
		`{"name":"","may":["read"]}`:                                                name,
		`{"name":"` + strings.Repeat("x", 101) + `","may":["read"]}`:                name,
		`{"name":"a\u0000","may":["read"]}`:                                         name,
		`{"name":"x","may":[]}`:                                                     may,
		`{"name":"x","may":["read","read"]}`:                                        may,
		`{"name":"x","may":["read,upload"]}`:                                        may,
		`{"name":"x","may":["all"]}`:                                                may,
		`{"name":"x","may":["read"],"days":0}`:                                      "days is 0: must be 1 to 3650",
		`{"name":"x","may":["read"],"days":9223372036854775807}`:                    "days is 9223372036854775807: must be 1 to 3650",
		`{"name":"x","may":["read"],"maxSize":0}`:                                   "maxSize is 0: must be 1 to 53687091200000",
		`{"name":"x","may":["read"],"folders":[]}`:                                  folders,
		`{"name":"x","may":["read"],"folders":["videos","videos"]}`:                 folders,
		`{"name":"x","may":["read"],"folders":["../videos"]}`:                       folders,
		`{"name":"x","may":["read"],"folders":["videos","documents","planted..."]}`: folders,
	} {
		response := w.do(t, call{owner: owner, method: http.MethodPost, path: "/keys", body: body})
		checkRefusal(t, body, response, http.StatusBadRequest, failure(want, "invalid_request"))
	}
	if _, keys, err := w.users.ScriptKeys(t.Context(), owner); len(keys) != 0 || err != nil {
		t.Errorf("got %v, %v, want no key", keys, err)
	}
	for i := range api.MaxScriptKeys {
		key := records.ScriptKey{ID: fmt.Sprintf("aaaaaaa%c", 'a'+i), Hash: "h", May: identity.Rights{api.RightRead}, Expires: start}
		if err := w.users.AddScriptKey(t.Context(), owner, "demo@example.com", key); err != nil {
			t.Fatal(err)
		}
	}
	response := w.do(t, call{owner: owner, method: http.MethodPost, path: "/keys", body: aKey})
	checkRefusal(t, "one too many", response, http.StatusConflict, failure("the key is not made: you have 20 keys: revoke one first", "conflict"))
}

// A key that opens some folders finds no upload in another: neither by its id nor in a list.
func TestFoldersOfAKey(t *testing.T) {
	w := newWorld(t)
	ready := arrived(owner, idAt(start, 1, "mp4"))
	w.accept(t, ready)
	for folders, status := range map[string]int{"videos": http.StatusOK, "documents,videos": http.StatusOK, "documents": http.StatusNotFound, "": http.StatusNotFound} {
		one := call{owner: owner, id: ready.ID, folders: &folders}
		if got := w.do(t, one); got.StatusCode != status {
			t.Errorf("folders %q: got %d %s, want %d", folders, got.StatusCode, got.Body, status)
		}
		waiting := call{owner: owner, id: idAt(start, 2, "mp4"), folders: &folders}
		if got := w.do(t, waiting); got.StatusCode != status {
			t.Errorf("folders %q, waiting: got %d %s, want %d", folders, got.StatusCode, got.Body, status)
		}
		list := see[api.UploadList](t, w.do(t, call{owner: owner, path: "/uploads", folders: &folders}), http.StatusOK)
		if len(list.Uploads) != map[int]int{http.StatusOK: 1}[status] {
			t.Errorf("folders %q: the list has %d uploads", folders, len(list.Uploads))
		}
	}
	documents := "documents"
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		body, _ := json.Marshal(map[string]string{"title": "x"})
		c := call{owner: owner, method: method, id: ready.ID, folders: &documents}
		if method == http.MethodPatch {
			c.body = string(body)
		}
		checkRefusal(t, method, w.do(t, c), http.StatusNotFound, noUpload)
	}
}
