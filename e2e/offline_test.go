package e2e_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"postern/local/localrun"
)

// TestUsersWithoutARun manages the users of a local run that has been killed. The next one has what was changed.
func TestUsersWithoutARun(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run, err := startLocal(assembly, data)
	if err != nil {
		t.Fatal(err)
	}
	first := newClient(run.API, "first@example.com:the first password")
	run.postern(t, first.password+"\n", "user", "add", first.user)
	owner := ownerOf(first.presignedURL(t))
	if err := run.End(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(assembly, filepath.Join(data, "cdk.out")); err != nil { // where make run has it
		t.Fatal(err)
	}
	second := newClient("", "second@example.com:the second password")
	run.postern(t, second.password+"\n", "user", "add", second.user)
	run.postern(t, "another first password\n", "user", "passwd", first.user)
	list := run.postern(t, "", "user", "list")
	for _, part := range []string{first.user, second.user, "demo@example.com", owner} {
		if !strings.Contains(list, part) {
			t.Errorf("got no %s in\n%s", part, list)
		}
	}
	next, err := startLocal(assembly, data)
	if err != nil {
		t.Fatal(err)
	}
	for credentials, status := range map[string]int{
		second.user + ":" + second.password:    http.StatusOK,
		first.user + ":another first password": http.StatusOK,
		first.user + ":" + first.password:      http.StatusUnauthorized,
	} {
		if a := newClient(next.API, credentials).do(t, http.MethodGet, "uploads"); a.status != status {
			t.Errorf("%s: got %d, want %d", credentials, a.status, status)
		}
	}
	if got := ownerOf(newClient(next.API, first.user+":another first password").presignedURL(t)); got != owner {
		t.Errorf("got the owner %s, want %s as before", got, owner)
	}
	if err := next.stop(); err != nil {
		t.Error(err)
	}
}

// TestOthersAreServedWithAnotherPassword starts at an address that other machines reach: first with the password that everybody
// knows, then with another one.
func TestOthersAreServedWithAnotherPassword(t *testing.T) {
	requireLocal(t)
	host := ownAddress(t)
	if host == "" {
		t.Log("skipped: this machine has no address but that of itself")
		return
	}
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "local"), "--assembly", assembly)
	cmd.Env = append(os.Environ(), "PORT=0", "S3_PORT=0", "DATA="+data, "HOST="+host)
	out, err := cmd.CombinedOutput()
	checkFailure(t, out, err, "postern user passwd demo@example.com")

	if err := os.Symlink(assembly, filepath.Join(data, "cdk.out")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOST", host)
	closed := &localRun{&localrun.Run{Data: data}}
	closed.postern(t, "a password of mine\n", "user", "passwd", "demo@example.com")
	run, err := startLocal(assembly, data)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(run.API, "http://"+host+":") {
		t.Errorf("got the API at %s, want it at %s", run.API, host)
	}
	form := newClient(run.API, "demo@example.com:a password of mine").presignedURL(t)
	if !strings.HasPrefix(form.URL, "http://"+host+":") {
		t.Errorf("got a form for %s, want it for %s", form.URL, host)
	}
	if status, body := form.post(t, []byte("text")); status != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", status, body)
	}
	if err := run.stop(); err != nil {
		t.Error(err)
	}
}

// ownerOf returns the owner in a form's key.
func ownerOf(f form) string { return strings.Split(f.Fields["key"], "/")[1] }

// ownAddress returns an address of this machine by which others reach it.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range all {
		if network, ok := address.(*net.IPNet); ok && network.IP.IsGlobalUnicast() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return ""
}
