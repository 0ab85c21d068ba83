package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/lambda/contract"
)

// matrix is who may do what: the status that each caller gets on each route, acting for its own mail, another's, a
// malformed one, and without a mail. A route that is not here fails the test.
const matrix = `
route              caller          own  other  malformed  none

GET /health        anonymous       200  200    200        200
GET /health        wrong-password  200  200    200        200
GET /health        user            200  200    200        200

GET /presignedurl  anonymous       401  401    401        401
GET /presignedurl  wrong-password  401  401    401        401
GET /presignedurl  removed         401  401    401        401
GET /presignedurl  user            200  403    400        400
GET /presignedurl  second          200  403    400        400
GET /presignedurl  service         200  200    400        400

POST /uploads      anonymous       401  401    401        401
POST /uploads      wrong-password  401  401    401        401
POST /uploads      removed         401  401    401        401
POST /uploads      user            201  403    400        201
POST /uploads      second          201  403    400        201
POST /uploads      service         201  201    400        201
`

func TestAuthorizationMatrix(t *testing.T) {
	requireLocal(t)
	second := addUser(t, "second@example.com")
	removed := newClient(api.base, "removed@example.com:password")
	server.postern(t, removed.password+"\n", "user", "add", removed.user)
	server.postern(t, "", "user", "remove", "--yes", removed.user)
	callers := map[string]client{
		"anonymous":      newClient(api.base, ""),
		"wrong-password": newClient(api.base, api.user+":wrong"),
		"removed":        removed,
		"user":           api,
		"second":         second,
		"service":        addUser(t, "service@example.com", "--role", "service"),
	}

	rows := strings.Split(strings.TrimSpace(matrix), "\n")
	columns := strings.Fields(rows[0])[2:]
	routes := map[string]bool{}
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		if len(cells) == 0 {
			continue
		}
		route := cells[0] + " " + cells[1]
		routes[route] = true
		for i, column := range columns {
			t.Run(strings.Join([]string{route, cells[2], column}, " "), func(t *testing.T) {
				caller := callers[cells[2]]
				a := callRoute(t, caller, cells[0], cells[1], column)
				if got, want := fmt.Sprint(a.status), cells[3+i]; got != want {
					t.Fatalf("got %s %s, want %s", got, a.body, want)
				}
				if a.status < 300 && column == "other" && cells[1] != "/health" {
					checkNotCallers(t, caller, a)
				}
			})
		}
	}
	want := map[string]bool{}
	for _, route := range contract.Routes {
		want[route.Method+" "+route.Path] = true
	}
	if diff := cmp.Diff(routes, want); diff != "" {
		t.Errorf("routes of the matrix (-got +want):\n%s", diff)
	}
}

// callRoute calls a route for the mail that a column names.
func callRoute(t *testing.T, c client, method, path, column string) answer {
	t.Helper()
	own := c.user
	if own == "" {
		own = api.user
	}
	query := map[string]string{
		"own":       "?mail=" + url.QueryEscape(own),
		"other":     "?mail=other%40example.com",
		"malformed": "?mail=nobody",
		"none":      "",
	}[column]
	path = strings.TrimPrefix(path, "/") + query
	if method == http.MethodPost {
		return c.postJSON(t, path, map[string]any{"filename": "a.txt", "size": 1})
	}
	return c.do(t, method, path)
}

// checkNotCallers holds what a service got for another to be in that other's folder.
func checkNotCallers(t *testing.T, c client, a answer) {
	t.Helper()
	var got, own form
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	own = c.presignedURL(t)
	if owner := strings.Split(got.Key, "/")[1]; owner == strings.Split(own.Key, "/")[1] {
		t.Errorf("owner %s is the caller's own", owner)
	}
}
