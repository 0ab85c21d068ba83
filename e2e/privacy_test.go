package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A way is a request that carries a client's words through the API.
type way struct {
	name   string
	status int // of the answer; 0: there is none
	// echoes says that a refusal may repeat the words, because they are neither a mail nor a password.
	echoes bool
	send   func(t *testing.T, planted string) answer
}

// marker is how everything begins that these tests plant.
const marker = "planted"

// TestNothingPersonalIsLogged sends 1,000 planted mails, passwords, file names and titles through every route and
// refusal. It looks for each, whatever its encoding, in the logs of the local run and its functions, and in the events. It
// looks for the mails and passwords in every answer that is an error.
func TestNothingPersonalIsLogged(t *testing.T) {
	requireLocal(t)
	ready := demo.store(t, "privacy.txt", []byte("text"))
	demo.await(t, ready.ID, "ready")
	keys, guest := server.keys(t), demo.newLink(t, manyFiles)
	keys = append(keys, guest.password)
	ways := slices.Concat(waysOfQueries(), waysOfBodies(guest), waysOfHeaders(), waysOfUploads(ready))
	guessed := addUser(t, "guessed-in-private@example.com")
	const all, costly = 1000, 100
	for i := range all - costly {
		ways[i%len(ways)].try(t, demo, keys, fmt.Sprintf("%s%04d", marker, i))
	}
	for i := all - costly; i < all; i++ {
		ways := waysOfPasswords(guessed, http.StatusUnauthorized) // each of which costs a derivation
		ways[i%len(ways)].try(t, demo, keys, fmt.Sprintf("%s%04d", marker, i))
	}
	for _, e := range server.allEvents(t) {
		for _, secret := range append(keys, marker, demo.user) {
			if reveals(e, secret) {
				t.Errorf("an event holds %s", e)
			}
		}
	}
	if !strings.Contains(server.Log(), "/presignedurl") {
		t.Fatal("the access log is not among the logs")
	}
	checkLogs(t, server)
	if log := server.Log(); reveals(log, guest.password) || reveals(log, guest.password[20:80]) {
		t.Error("the log holds a link")
	}
}

// TestNothingPersonalIsLoggedOfFaults sends more of them to a function that panics with what it got, and to functions
// whose dependencies fail.
func TestNothingPersonalIsLoggedOfFaults(t *testing.T) {
	requireLocal(t)
	t.Run("after the authorizer", func(t *testing.T) {
		folder := edited(t, func(t *testing.T, template map[string]any) {
			for _, statement := range []string{"ManageRole/Records", "InspectRole/Records"} {
				without(statement)(t, template)
			}
		})
		const reads = "grant, err := p.upload(request.Caller, *request.Body.UploadRequest, &counted)"
		replaceFunction(t, folder, "presign", "./lambda/presign", "-overlay",
			overlay(t, "lambda/presign/upload.go", reads,
				`panic(request.Body.UploadRequest.Filename + request.Query["mail"] + request.Caller.Key.Text()); `+reads))
		run := serve(t, folder)
		tryFaults(t, run, waysOfFaults(run))
		for _, says := range []string{"panic: string", "lacks dynamodb:"} {
			if !strings.Contains(run.Log(), says) {
				t.Errorf("the logs have no %q: there was no such fault\n%s", says, run.Log())
			}
		}
	})
	t.Run("without the secret", func(t *testing.T) {
		run := serve(t, edited(t, without("AuthorizerRole/OwnerKey")))
		addService(t, run)
		tryFaults(t, run, waysOfNoSecret(run))
	})
	t.Run("in the authorizer", func(t *testing.T) {
		run := serve(t, edited(t, without("AuthorizerRole/Users")))
		tryFaults(t, run, waysOfPasswords(newClient(run.API, demoUser), http.StatusServiceUnavailable))
	})
}

// tryFaults tries ways of a local run a few times, and checks its logs.
func tryFaults(t *testing.T, run *localRun, ways []way) {
	t.Helper()
	c, keys := newClient(run.API, demoUser), run.keys(t)
	for i := range 5 * len(ways) {
		ways[i%len(ways)].try(t, c, keys, fmt.Sprintf("%s-fault%04d", marker, i))
	}
	eventually(t, func() bool { return strings.Contains(run.Log(), "iam: denied: ") }, func() string { return "nothing is denied" })
	checkLogs(t, run)
}

// try tries a way as a client. No answer may hold one of the keys, and no refusal the client's own mail and password.
func (w way) try(t *testing.T, c client, keys []string, planted string) {
	t.Helper()
	a := w.send(t, planted)
	if a.status != w.status {
		t.Errorf("%s: got %d %s, want %d", w.name, a.status, a.body, w.status)
	}
	text := fmt.Sprintf("%s %v", a.body, a.header)
	if slices.ContainsFunc(keys, func(key string) bool { return reveals(text, key) }) {
		t.Errorf("%s: the answer %d holds a key: %s", w.name, a.status, text)
	}
	if a.status < http.StatusBadRequest {
		return // an answer to the caller, which may hold the caller's own words
	}
	for _, secret := range []string{c.user, c.password, planted} {
		if secret == planted && w.echoes {
			continue
		}
		if reveals(text, secret) {
			t.Errorf("%s: the refusal %d holds %q: %s", w.name, a.status, secret, text)
		}
	}
}

// get returns a way by GET.
func get(name string, status int, path func(planted string) string) way {
	return way{name: name, status: status, send: func(t *testing.T, p string) answer { return demo.do(t, http.MethodGet, path(p)) }}
}

// echo returns a way whose words are neither a mail nor a password.
func echo(w way) way {
	w.echoes = true
	return w
}

// waysOfQueries returns ways through paths and queries.
func waysOfQueries() []way {
	own := "presignedurl?mail=" + url.QueryEscape(demo.user)
	return []way{
		get("file name", http.StatusOK, func(p string) string { return own + "&filename=" + p + ".mp4" }),
		echo(get("file name of no format", http.StatusUnsupportedMediaType, func(p string) string { return own + "&filename=" + p + ".html" })),
		echo(get("file name with a line break", http.StatusBadRequest, func(p string) string { return own + "&filename=" + p + "%0D%0A.mp4" })),
		echo(get("type", http.StatusUnsupportedMediaType, func(p string) string { return own + "&type=" + p })),
		get("another's mail", http.StatusForbidden, func(p string) string { return "presignedurl?mail=" + p + "%40example.com" }),
		echo(get("mail that is not one", http.StatusBadRequest, func(p string) string { return "presignedurl?mail=" + p })),
		get("another's subject", http.StatusForbidden, func(p string) string { return "presignedurl?subject=" + p }),
		echo(get("subject that is not one", http.StatusBadRequest, func(p string) string { return "uploads?subject=" + p + "%0A" })),
		get("context", http.StatusOK, func(p string) string { return "uploads?context=" + p }),
		echo(get("context that is not one", http.StatusBadRequest, func(p string) string { return "uploads?context=" + p + "%0A" })),
		echo(get("parameter", http.StatusBadRequest, func(p string) string { return own + "&" + p + "=1" })),
		get("path", http.StatusNotFound, func(p string) string { return p }),
		get("mail that nobody asked for", http.StatusOK, func(p string) string { return "health?mail=" + p }),
		echo(get("cursor", http.StatusBadRequest, func(p string) string { return "uploads?cursor=" + p })),
		echo(get("status", http.StatusBadRequest, func(p string) string { return "uploads?status=" + p })),
		get("id", http.StatusNotFound, func(p string) string { return "uploads/" + p }),
		{name: "wrong method", status: http.StatusNotFound, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodPut, "presignedurl?mail="+p+"%40example.com")
		}},
		{name: "id that is a mail", status: http.StatusNotFound, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodDelete, "uploads/"+p+"%40example.com")
		}},
	}
}

// waysOfBodies returns ways through the bodies that declare an upload, also of a guest, and a link.
func waysOfBodies(guest client) []way {
	post := func(name string, status int, path string, body func(planted string) any) way {
		return way{name: name, status: status, send: func(t *testing.T, p string) answer {
			return demo.postJSON(t, strings.ReplaceAll(path, marker, p), body(p))
		}}
	}
	return []way{
		post("declared name and title", http.StatusCreated, "uploads", func(p string) any {
			return map[string]any{"filename": p + ".mp4", "size": 1, "title": p}
		}),
		echo(post("declared name of no format", http.StatusUnsupportedMediaType, "uploads", func(p string) any {
			return map[string]any{"filename": p, "size": 1}
		})),
		echo(post("size", http.StatusBadRequest, "uploads", func(p string) any { return map[string]any{"filename": "a.mp4", "size": p} })),
		echo(post("field", http.StatusBadRequest, "uploads", func(p string) any { return map[string]any{p: p} })),
		echo(post("body", http.StatusBadRequest, "uploads", func(p string) any { return p })),
		post("words of a link", http.StatusCreated, "links", func(p string) any { return map[string]any{"from": p, "note": p} }),
		echo(post("words of no link", http.StatusBadRequest, "links", func(p string) any { return map[string]any{"from": p + "\u202e"} })),
		{name: "name of a guest", status: http.StatusCreated, send: func(t *testing.T, p string) answer {
			return guest.postJSON(t, "uploads", map[string]any{"filename": p + ".mp4", "size": 1, "title": p, "guest": p})
		}},
		{name: "name of no guest", status: http.StatusBadRequest, echoes: true, send: func(t *testing.T, p string) answer {
			return guest.postJSON(t, "uploads", map[string]any{"filename": "a.mp4", "size": 1, "guest": p + "\n"})
		}},
		post("context of a user", http.StatusForbidden, "uploads", func(p string) any { return map[string]any{"filename": "a.mp4", "size": 1, "context": p} }),
		post("declared for another", http.StatusForbidden, "uploads?mail="+marker+"%40example.com", func(string) any { return map[string]any{} }),
	}
}

// waysOfHeaders returns ways through headers.
func waysOfHeaders() []way {
	own := "presignedurl?mail=" + url.QueryEscape(demo.user)
	return []way{
		{name: "token", status: http.StatusUnauthorized, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodGet, own, header("Authorization", "Bearer "+p))
		}},
		{name: "link", status: http.StatusUnauthorized, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodGet, "link", header("Authorization", "Bearer pstl_"+p))
		}},
		{name: "credentials that are not encoded", status: http.StatusUnauthorized, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodGet, own, header("Authorization", "Basic "+p+"@example.com:"+p))
		}},
		{name: "agent", status: http.StatusOK, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodGet, own, header("User-Agent", p))
		}},
	}
}

// waysOfUploads returns ways through what is stored and recorded of an upload that is ready.
func waysOfUploads(ready grant) []way {
	patch := func(name string, status int, body func(planted string) map[string]any) way {
		return way{name: name, status: status, send: func(t *testing.T, p string) answer { return demo.patch(t, ready.ID, body(p)) }}
	}
	return []way{
		{name: "content, then deletion", status: http.StatusNoContent, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodDelete, "uploads/"+demo.store(t, p+".txt", []byte(p), "title", p).ID)
		}},
		{name: "content that is rejected", status: http.StatusOK, send: func(t *testing.T, p string) answer {
			return demo.do(t, http.MethodGet, "uploads/"+demo.store(t, p+".mp4", []byte(p), "title", p).ID)
		}},
		{name: "download", status: http.StatusOK, send: func(t *testing.T, _ string) answer {
			return demo.do(t, http.MethodGet, "uploads/"+ready.ID+"/download")
		}},
		patch("new title", http.StatusOK, func(p string) map[string]any {
			return map[string]any{"title": p, "description": p, "labels": []string{p}}
		}),
		echo(patch("title with a NUL", http.StatusBadRequest, func(p string) map[string]any { return map[string]any{"title": p + "\x00"} })),
		echo(patch("field of a record", http.StatusBadRequest, func(p string) map[string]any { return map[string]any{p: p} })),
		{name: "version", status: http.StatusBadRequest, echoes: true, send: func(t *testing.T, p string) answer {
			return demo.patch(t, ready.ID, map[string]any{"title": "x"}, header("If-Match", p))
		}},
		{name: "message", send: func(t *testing.T, p string) answer {
			server.operator(t).send(t, `{"Records":[{"s3":{"object":{"key":"`+p+`"}}}]}`)
			return answer{}
		}},
	}
}

// waysOfPasswords returns ways through wrong passwords, of a client's own user and of an unknown one. They get a status.
func waysOfPasswords(c client, status int) []way {
	with := func(mail, p string) func(*http.Request) {
		return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(mail+":"+p)))
	}
	own := "presignedurl?mail=" + url.QueryEscape(c.user)
	return []way{
		{name: "password", status: status, send: func(t *testing.T, p string) answer {
			a := c.do(t, http.MethodGet, own, with(c.user, p))
			if strings.Contains(string(a.body), tooManyGuesses) {
				a.status = status // who guesses on is told so
			}
			return a
		}},
		{name: "user and password", status: status, send: func(t *testing.T, p string) answer {
			return c.do(t, http.MethodGet, own, with(p+"@example.com", p))
		}},
	}
}

// waysOfFaults returns ways that end in a fault of a local run.
func waysOfFaults(run *localRun) []way {
	c := newClient(run.API, demoUser)
	return []way{
		{name: "panic", status: http.StatusInternalServerError, send: func(t *testing.T, p string) answer {
			return c.postJSON(t, "uploads", map[string]any{"filename": p + ".mp4", "size": 1, "title": p})
		}},
		{name: "no table for records", status: http.StatusInternalServerError, send: func(t *testing.T, p string) answer {
			return c.patch(t, c.presignedURL(t, "filename", p+".mp4").ID, map[string]any{"title": p, "description": p, "labels": []string{p}})
		}},
		{name: "no table for inspections", status: http.StatusNoContent, send: func(t *testing.T, p string) answer {
			status, _ := c.presignedURL(t, "filename", p+".txt").post(t, []byte(p))
			return answer{status: status}
		}},
	}
}

// waysOfNoSecret returns ways that end in a fault of a local run whose authorizer may not read the secret.
func waysOfNoSecret(run *localRun) []way {
	c, service := newClient(run.API, demoUser), newClient(run.API, serviceMail+":"+servicePassword)
	return []way{
		{name: "no key of the caller", status: http.StatusServiceUnavailable, send: func(t *testing.T, p string) answer {
			return c.postJSON(t, "uploads", map[string]any{"filename": p + ".mp4", "size": 1, "title": p})
		}},
		{name: "no secret for an owner", status: http.StatusServiceUnavailable, send: func(t *testing.T, p string) answer {
			return service.do(t, http.MethodGet, "presignedurl?mail="+p+"%40example.com&filename="+p+".mp4")
		}},
	}
}

// checkLogs fails the test if a local run's logs hold something that was planted, the demo user's mail or password, the
// stage's secret or the demo user's derived key.
func checkLogs(t *testing.T, run *localRun) {
	t.Helper()
	personal := append(run.keys(t), marker, demo.password, demo.user)
	for line := range strings.Lines(run.Log()) {
		for _, personal := range personal {
			if reveals(line, personal) && !strings.Contains(line, "demo user") { // the banner names the demo user
				t.Fatalf("logged: %s", line)
			}
		}
	}
}

// keys returns the stage's secret, and the demo user's derived key as it is and as the authorizer hands it on.
func (r *localRun) keys(t *testing.T) []string {
	t.Helper()
	o := r.operator(t)
	user, _, _ := strings.Cut(demoUser, ":")
	secret := o.secret(t)
	key := derive(t, secret, o.ownerOf(t, user))
	return []string{secret, string(key[:]), key.Text()}
}

// reveals reports whether a text holds a secret, as it is or encoded.
func reveals(text, secret string) bool {
	return slices.ContainsFunc(disguises(secret), func(disguise string) bool { return strings.Contains(text, disguise) })
}

// disguises returns a text and its encoded forms: escaped in a URL, in hex, and in base64 of both alphabets. In base64 the
// form depends on the number of bytes before the text, modulo 3.
func disguises(text string) []string {
	small := hex.EncodeToString([]byte(text))
	all := []string{text, url.QueryEscape(text), small, strings.ToUpper(small)}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			encoded := encoding.EncodeToString(append(make([]byte, before), text...))
			// A character has 6 bits. Characters that share bits with the bytes around the text are left out.
			all = append(all, encoded[(8*before+5)/6:8*(before+len(text))/6])
		}
	}
	return all
}

// TestDisguisesAreSeenThrough encodes a secret that differs in both alphabets, with other text around it.
func TestDisguisesAreSeenThrough(t *testing.T) {
	const secret = "~~a?>?~ü@example.com"
	for _, before := range []string{"", "x", "xy", "xyz", "wxyz"} {
		for _, after := range []string{"", ":", ":p", ":pw"} {
			whole := before + secret + after
			for name, encoded := range map[string]string{
				"nothing": whole, "a URL": url.QueryEscape(whole), "hex": hex.EncodeToString([]byte(whole)), "hex in capitals": fmt.Sprintf("%X", whole),
				"base64": base64.StdEncoding.EncodeToString([]byte(whole)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(whole)),
			} {
				if !reveals(encoded, secret) {
					t.Errorf("%s, encoded as %s, is not found in %s", whole, name, encoded)
				}
			}
		}
	}
	if other := base64.StdEncoding.EncodeToString([]byte("another@example.org")); reveals(other, secret) {
		t.Errorf("found in %s", other)
	}
}
