package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/client"
)

func TestLinks(t *testing.T) {
	var mu sync.Mutex
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+string(body))
		switch {
		case r.Method == http.MethodPost && len(calls) == 1:
			panic(http.ErrAbortHandler) // nothing is stored of a link, so it may be made again
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(api.Link{Token: "pstl_x"})
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			_ = json.NewEncoder(w).Encode(api.GuestLink{From: "Ann", Left: 2})
		}
	}))
	defer server.Close()
	c, err := client.New(server.URL+"/api", client.Bearer("k"))
	if err != nil {
		t.Fatal(err)
	}
	c.Mail = "a@example.com"
	ctx, id := t.Context(), strings.Repeat("a", 32)
	if made, err := c.CreateLink(ctx, api.LinkRequest{From: "Ann"}); err != nil || made.Token != "pstl_x" {
		t.Errorf("CreateLink: %+v, %v", made, err)
	}
	if err := c.RevokeLink(ctx, id); err != nil {
		t.Errorf("RevokeLink: %v", err)
	}
	for _, id := range []string{"", id[1:], "../users", id + "/x", strings.ToUpper(id)} {
		if err := c.RevokeLink(ctx, id); err == nil {
			t.Errorf("RevokeLink(%q): want an error", id)
		}
	}
	if err := c.RevokeLinks(ctx); err != nil {
		t.Errorf("RevokeLinks: %v", err)
	}
	guest, err := client.New(server.URL+"/api", client.Bearer("pstl_x"))
	if err != nil {
		t.Fatal(err)
	}
	if held, err := guest.Link(ctx); err != nil || held.From != "Ann" || held.Left != 2 {
		t.Errorf("Link: %+v, %v", held, err)
	}
	mail := "?mail=a%40example.com Bearer k "
	want := []string{
		`POST /api/links` + mail + `{"from":"Ann"}`, `POST /api/links` + mail + `{"from":"Ann"}`, "DELETE /api/links/" + id + mail, "DELETE /api/links" + mail,
		"GET /api/link Bearer pstl_x ",
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(calls, want); diff != "" {
		t.Errorf("calls (-got +want)\n%s", diff)
	}
}
