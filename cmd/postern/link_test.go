package main_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/upload"
)

func TestLinks(t *testing.T) {
	remote := serveAPI(t)
	id := strings.Repeat("a", 32)
	remote.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/links") {
			return false
		}
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return true
		}
		w.WriteHeader(http.StatusCreated)
		answer(w, map[string]any{
			"id": id, "from": "Ann", "maxSize": 5 << 30, "count": 3, "total": 10 << 30, "createdAt": "2026-11-01T10:00:00.000Z",
			"until": "2027-01-31T00:00:00.000Z", "token": "pstl_planted",
		})
		return true
	}
	day := time.Now().UTC().AddDate(0, 1, 0).Truncate(24 * time.Hour)
	got := run(t, "", "link", "create", "Ann of Example", "--note=The footage", "--folders=videos", "--formats=mov,mp4", "--max-size=5 GiB", "--count=3",
		"--total=10 GiB", "--until="+day.Format(time.DateOnly))
	got.done(t)
	if want := "made link " + id + ": 3 files of at most 5 GiB, 10 GiB in all, until 2027-01-31T00:00:00Z\n" + remote.url + "#link=pstl_planted\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	got = run(t, "", "link", "revoke", id)
	if got.done(t); got.out != "revoked link "+id+"; it stops working within 60 s\n" {
		t.Errorf("revoke: got %q", got.out)
	}
	got = run(t, "", "link", "revoke", "--all")
	if got.done(t); got.out != "revoked all links; they stop working within 60 s\n" {
		t.Errorf("revoke --all: got %q", got.out)
	}
	wantRequests := []string{
		`POST /api/links application/json {"from":"Ann of Example","note":"The footage","folders":["videos"],"formats":["mov","mp4"],"maxSize":5368709120,"count":3,"total":10737418240,"until":"` + day.AddDate(0, 0, 1).Format(time.RFC3339) + `"}`,
		"DELETE /api/links/" + id, "DELETE /api/links",
	}
	if diff := cmp.Diff(remote.requests, wantRequests); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
	run(t, "", "link", "create").refused(t, 2, `expected "<from>"`)
	run(t, "", "link", "create", "Ann", "--until=never").refused(t, 2, "every link ends")
	run(t, "", "link", "create", "Ann", "--until=2001-01-01").refused(t, 2, "--until: not a time to come")
	run(t, "", "link", "revoke").refused(t, 2, "name the id of a link, or --all")
	run(t, "", "link", "revoke", id, "--all").refused(t, 2, "name the id of a link, or --all")
	run(t, "", "link", "revoke", "../uploads").refused(t, 1, "not the id of a link")
	if len(remote.requests) != len(wantRequests) {
		t.Errorf("wrong lines made requests: %q", remote.requests[len(wantRequests):])
	}
}

// The links of a user who is removed never work again, even if the next user has the same owner.
func TestRemovedUsersLinks(t *testing.T) {
	d := startDepot(t)
	local(t, password, "user", "add", mail).done(t)
	local(t, "", "user", "remove", mail, "--yes").done(t)
	state, err := d.uploads().LinkState(t.Context(), mailOwner, "")
	if err != nil || !state.IsRevoked(time.Now().UnixMilli()) || !state.OwnerRemoved || state.IsRevoked(time.Now().Add(time.Hour).UnixMilli()) {
		t.Errorf("got %+v, %v, want all links until now revoked", state, err)
	}
	if (upload.LinkState{}).IsRevoked(1) {
		t.Error("a link is revoked from the beginning")
	}
}
