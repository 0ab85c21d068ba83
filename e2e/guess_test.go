package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tooManyGuesses is what a guesser is told.
const tooManyGuesses = "too many wrong passwords"

// TestGuessersAreRefused guesses a user's password until it is refused with 403, and looks for whom else that locks out.
func TestGuessersAreRefused(t *testing.T) {
	requireLocal(t)
	guessed, other := addUser(t, "guessed@example.com"), addUser(t, "neighbour@example.com")
	statuses := map[int]int{}
	for i := range 60 { // as many as processes may have failed before one of them has counted ten, and more
		statuses[newClient(demo.base, guessed.user+fmt.Sprint(":guess ", i)).do(t, http.MethodGet, "usage").status]++
	}
	if statuses[http.StatusUnauthorized] < 10 || statuses[http.StatusUnauthorized] > 30 || statuses[http.StatusForbidden] == 0 || len(statuses) != 2 {
		t.Errorf("answers by status: %v, want about ten 401, and 403 from then on", statuses)
	}
	a := guessed.do(t, http.MethodGet, "usage")
	if a.status != http.StatusForbidden || !strings.Contains(string(a.body), `"message":"too many wrong passwords for this user from your network: try again in 15 minutes","code":"forbidden"`) {
		t.Errorf("the right password from the guesser's network: got %d %s, want 403", a.status, a.body)
	}
	if a := guessed.do(t, http.MethodGet, "usage", header("X-Forwarded-For", "198.51.100.7")); a.status != http.StatusForbidden {
		t.Errorf("with another address in a header: got %d, want 403", a.status)
	}
	if a := other.do(t, http.MethodGet, "usage"); a.status != http.StatusOK {
		t.Errorf("another user from the guesser's network: got %d %s", a.status, a.body)
	}
	if runtime.GOOS == "linux" { // where all of 127.0.0.0/8 is this machine
		if status := usageFrom(t, guessed, "127.0.1.1"); status != http.StatusOK {
			t.Errorf("the user from another network: got %d, want 200", status)
		}
	}
	checkGuesses(t, server.operator(t))
	if list := server.postern(t, "", "user", "list"); strings.Contains(list, "guesses") || !strings.Contains(list, guessed.user) {
		t.Errorf("user list shows %s", list)
	}
}

// usageFrom calls GET /usage from an address of this machine, and returns the status.
func usageFrom(t *testing.T, c client, address string) int {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 10 * time.Second}
	from := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, Timeout: time.Minute}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, c.base+"usage", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(c.user, c.password)
	resp, err := from.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// checkGuesses fails the test unless the users table has items of guesses, none with a mail, an address or a password.
func checkGuesses(t *testing.T, o operator) {
	t.Helper()
	output, err := o.tables.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(o.outputs["UsersTableName"])})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, item := range output.Items {
		key := item["mail"].(*types.AttributeValueMemberS).Value
		if !strings.HasPrefix(key, "guesses#") {
			continue
		}
		found++
		if text := fmt.Sprintf("%s %v", key, item); strings.Contains(text, "@") || strings.Contains(text, "127.0") || strings.Contains(text, "guess ") {
			t.Errorf("an item of guesses tells %s", text)
		}
	}
	if found == 0 {
		t.Error("no guesses are kept")
	}
}
