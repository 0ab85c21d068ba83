package e2e_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestNothingPersonalIsLogged sends 1,000 planted mails, passwords, file names and titles through every route and
// refusal, and looks for each in all that the local run and its functions have logged, and for the passwords in the
// answers.
func TestNothingPersonalIsLogged(t *testing.T) {
	requireLocal(t)
	own := url.QueryEscape(api.user)
	basic := func(mail, password string) func(*http.Request) {
		return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(mail+":"+password)))
	}
	ways := []func(planted string) answer{
		func(p string) answer {
			return api.do(t, http.MethodGet, "presignedurl?mail="+own+"&filename="+p+".mp4")
		},
		func(p string) answer {
			return api.do(t, http.MethodGet, "presignedurl?mail="+own+"&filename="+p+".html")
		},
		func(p string) answer {
			return api.do(t, http.MethodGet, "presignedurl?mail="+own+"&filename="+p+"%0D%0A.mp4")
		},
		func(p string) answer { return api.do(t, http.MethodGet, "presignedurl?mail="+own+"&type="+p) },
		func(p string) answer { return api.do(t, http.MethodGet, "presignedurl?mail="+p+"%40example.com") },
		func(p string) answer { return api.do(t, http.MethodGet, "presignedurl?mail="+p) },
		func(p string) answer { return api.do(t, http.MethodGet, "presignedurl?mail="+own+"&"+p+"=1") },
		func(p string) answer { return api.do(t, http.MethodGet, p) },
		func(p string) answer { return api.do(t, http.MethodPut, "presignedurl?mail="+p) },
		func(p string) answer { return api.do(t, http.MethodGet, "health?mail="+p) },
		func(p string) answer {
			return api.postJSON(t, "uploads", map[string]any{"filename": p + ".mp4", "size": 1, "title": p})
		},
		func(p string) answer { return api.postJSON(t, "uploads", map[string]any{"filename": p, "size": 1}) },
		func(p string) answer {
			return api.postJSON(t, "uploads", map[string]any{"filename": "a.mp4", "size": p})
		},
		func(p string) answer { return api.postJSON(t, "uploads", map[string]any{p: p}) },
		func(p string) answer { return api.postJSON(t, "uploads?mail="+p+"%40example.com", map[string]any{}) },
		func(p string) answer { return api.postJSON(t, "uploads", p) },
		func(p string) answer {
			return api.do(t, http.MethodGet, "presignedurl?mail="+own, header("Authorization", "Bearer "+p))
		},
		func(p string) answer {
			return api.do(t, http.MethodGet, "presignedurl?mail="+own, header("User-Agent", p))
		},
	}
	ready := api.store(t, "privacy.txt", []byte("text"))
	api.await(t, ready.ID, "ready")
	ways = append(ways,
		func(p string) answer { // through inspection, its events and the record
			g := api.store(t, p+".txt", []byte(p), "title", p)
			return api.do(t, http.MethodDelete, "uploads/"+g.ID)
		},
		func(p string) answer {
			api.store(t, p+".mp4", []byte(p), "title", p) // rejected
			return answer{}
		},
		func(p string) answer {
			return api.patch(t, ready.ID, map[string]any{"title": p, "description": p, "labels": []string{p}})
		},
		func(p string) answer { return api.patch(t, ready.ID, map[string]any{"title": p + "\x00"}) },
		func(p string) answer { return api.patch(t, ready.ID, map[string]any{p: p}) },
		func(p string) answer {
			return api.patch(t, ready.ID, map[string]any{"title": "x"}, header("If-Match", p))
		},
		func(string) answer { return api.do(t, http.MethodGet, "uploads/"+ready.ID+"/download") },
		func(p string) answer { return api.do(t, http.MethodGet, "uploads?cursor="+p) },
		func(p string) answer { return api.do(t, http.MethodGet, "uploads?status="+p) },
		func(p string) answer { return api.do(t, http.MethodGet, "uploads/"+p) },
		func(p string) answer { return api.do(t, http.MethodDelete, "uploads/"+p+"%40example.com") },
		func(p string) answer {
			server.operator(t).send(t, `{"Records":[{"s3":{"object":{"key":"`+p+`"}}}]}`)
			return answer{}
		},
	)
	for i := range 900 {
		ways[i%len(ways)](fmt.Sprintf("planted%04d", i))
	}
	for i := 900; i < 1000; i++ { // each of these costs a derivation
		p := fmt.Sprintf("planted%04d", i)
		user := p + "@example.com"
		if i%2 == 0 {
			user = api.user
		}
		a := api.do(t, http.MethodGet, "presignedurl?mail="+own, basic(user, p))
		if a.status != http.StatusUnauthorized || strings.Contains(string(a.body), p) {
			t.Errorf("wrong password: got %d %s, want 401 without it", a.status, a.body)
		}
	}
	for _, e := range server.allEvents(t) {
		if strings.Contains(e, "planted") || strings.Contains(e, api.user) {
			t.Errorf("an event holds %s", e)
		}
	}
	logs := server.logs.String()
	if !strings.Contains(logs, "/presignedurl") {
		t.Fatal("the access log is not among the logs")
	}
	for line := range strings.Lines(logs) {
		for _, personal := range []string{"planted", api.password, api.user} {
			if strings.Contains(line, personal) && !strings.Contains(line, "demo user") { // the banner names the demo user
				t.Fatalf("logged: %s", line)
			}
		}
	}
}
