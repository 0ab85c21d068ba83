package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	postern "postern/cmd/postern"
)

// A terminal is one end of a pseudo-terminal that an operator types at; the command has the other.
type terminal struct {
	operator, command *os.File
	out, err          *screen
}

// A screen keeps what is written to it.
type screen struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	operator, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = operator.Close() })
	if err := unix.IoctlSetPointerInt(int(operator.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(operator.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	command, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &terminal{operator, command, &screen{}, &screen{}}
}

// echoes reports whether the terminal shows what is typed.
func (term *terminal) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(term.command.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// start calls the command for the local run; the channel gets what it ends with.
func (term *terminal) start(ctx context.Context, args ...string) <-chan int {
	code := make(chan int, 1)
	go func() {
		code <- postern.RealMain(ctx, append([]string{"--stage=local"}, args...), term.command, term.out, term.err)
	}()
	return code
}

// asked waits until the command has asked a question and the terminal shows, or does not show, what is typed.
func (term *terminal) asked(t *testing.T, question string, shown bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if strings.HasSuffix(term.err.String(), question) && term.echoes(t) == shown {
			return
		}
	}
	t.Fatalf("the command does not ask %q; it wrote %q", question, term.err)
}

func (term *terminal) types(t *testing.T, text string) {
	t.Helper()
	if _, err := term.operator.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// ended fails the test unless the command ends with code and leaves a terminal that shows what is typed.
func (term *terminal) ended(t *testing.T, code <-chan int, want int) {
	t.Helper()
	select {
	case got := <-code:
		if got != want {
			t.Errorf("got code %d, stdout %q, stderr %q, want code %d", got, term.out, term.err, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("the command does not end; it wrote %q", term.err)
	}
	if !term.echoes(t) {
		t.Error("the terminal is left silent")
	}
	if strings.Contains(term.out.String()+term.err.String(), password) {
		t.Error("the output holds the password")
	}
}

func TestPasswordAtTerminal(t *testing.T) {
	b := startLocal(t)
	term := openTerminal(t)
	code := term.start(t.Context(), "user", "add", "a@example.com")
	term.asked(t, "Password: ", false)
	term.types(t, password+"\n")
	term.asked(t, "The same again: ", false)
	term.types(t, password+"\n")
	term.ended(t, code, 0)
	verify(t, b.row(t), password)
}

func TestPasswordsThatDiffer(t *testing.T) {
	b := startLocal(t)
	term := openTerminal(t)
	code := term.start(t.Context(), "user", "add", "a@example.com")
	term.asked(t, "Password: ", false)
	term.types(t, password+"\n")
	term.asked(t, "The same again: ", false)
	term.types(t, password+"x\n")
	term.ended(t, code, 1)
	if want := "the two passwords differ"; !strings.Contains(term.err.String(), want) {
		t.Errorf("got %q, want %q", term.err, want)
	}
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestEmptyPasswordAtTerminal(t *testing.T) {
	startLocal(t)
	term := openTerminal(t)
	code := term.start(t.Context(), "user", "add", "a@example.com")
	term.asked(t, "Password: ", false)
	term.types(t, "\n")
	term.ended(t, code, 1)
	if want := "not a password"; !strings.Contains(term.err.String(), want) {
		t.Errorf("got %q, want %q", term.err, want)
	}
}

func TestInterruptAtPassword(t *testing.T) {
	b := startLocal(t)
	term := openTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	code := term.start(ctx, "user", "add", "a@example.com")
	term.asked(t, "Password: ", false)
	interrupt()
	term.ended(t, code, 1)
	if got, want := term.err.String(), "Password: \nerror: interrupted\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestConfirmation(t *testing.T) {
	const question = "Remove user a@example.com from stage local? [y/N] "
	b := startLocal(t)
	local(t, password, "user", "add", "a@example.com").done(t)
	for _, answer := range []string{"\n", "n\n", "nyes\n", "\x04"} {
		term := openTerminal(t)
		code := term.start(t.Context(), "user", "remove", "a@example.com")
		term.asked(t, question, true)
		term.types(t, answer)
		term.ended(t, code, 1)
		if want := "not confirmed: nothing was changed"; !strings.Contains(term.err.String(), want) {
			t.Errorf("%q: got %q, want %q", answer, term.err, want)
		}
	}
	b.row(t)

	term := openTerminal(t)
	code := term.start(t.Context(), "user", "remove", "a@example.com")
	term.asked(t, question, true)
	term.types(t, "Yes\n")
	term.ended(t, code, 0)
	if rows := b.rows(t); len(rows) != 0 {
		t.Errorf("got rows %v, want none", rows)
	}
}

func TestCallersPasswordAtTerminal(t *testing.T) {
	remote := serveAPI(t)
	writeLocalOutputs(t, remote.url)
	if err := os.Unsetenv("POSTERN_PASSWORD"); err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t)
	code := term.start(t.Context(), "list")
	term.asked(t, "Password of "+user+": ", false)
	term.types(t, password+"\n")
	term.ended(t, code, 0)
	if term.out.String() != listed {
		t.Errorf("got %q, want the uploads", term.out)
	}
}

func TestConfirmationOfRm(t *testing.T) {
	remote := serveAPI(t)
	writeLocalOutputs(t, remote.url)
	host := strings.TrimSuffix(strings.TrimPrefix(remote.url, "http://"), "/api/")
	term := openTerminal(t)
	code := term.start(t.Context(), "rm", idA, idB)
	term.asked(t, "Delete 2 uploads at "+host+"? [y/N] ", true)
	term.types(t, "n\n")
	term.ended(t, code, 1)
	if requests := remote.called(); requests != nil {
		t.Errorf("got requests %q without a confirmation, want none", requests)
	}
	term = openTerminal(t)
	code = term.start(t.Context(), "rm", idA)
	term.asked(t, "Delete upload "+idA+" at "+host+"? [y/N] ", true)
	term.types(t, "y\n")
	term.ended(t, code, 0)
	if want := "deleted upload " + idA + "\n"; term.out.String() != want {
		t.Errorf("got %q, want %q", term.out, want)
	}
}

// shown copies what a terminal of 100 columns shows to a screen.
func (term *terminal) shown(t *testing.T) *screen {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(term.command.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Fatal(err)
	}
	s := &screen{}
	go func() { _, _ = io.Copy(s, term.operator) }()
	return s
}

func TestProgressOfDownload(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	term := openTerminal(t)
	shown := term.shown(t)
	code := postern.RealMain(t.Context(), []string{"get", idA, "--output=a.mp4"}, strings.NewReader(""), io.Discard, term.command)
	if code != 0 {
		t.Fatalf("got code %d: %s", code, shown)
	}
	leaves(t, folder, map[string]string{"a.mp4": string(remote.file)})
	const want = "20.0 b / 20.0 b"
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(shown.String(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the terminal shows %q, want %q in it", shown, want)
		}
	}
}

// The bar of an upload says how much is sent, how fast and how long it will take. What is done stands above it.
func TestProgressOfUpload(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	write(t, folder, "a.txt", strings.Repeat("some text", 80_000))
	term := openTerminal(t)
	shown := term.shown(t)
	code := postern.RealMain(t.Context(), []string{"upload", "a.txt", "--limit-rate=256 KiB"}, strings.NewReader(""), term.command, term.command)
	if code != 0 || len(remote.stored["a.txt"]) != 720_000 {
		t.Fatalf("got code %d: %s", code, shown)
	}
	want := regexp.MustCompile(`(?s)[1-9][0-9.]+ KiB / 703\.1 KiB .*/s, [0-9]+s left.*uploaded a\.txt: .* id ` + idA + `\r\n.*703\.1 KiB / 703\.1 KiB `)
	for deadline := time.Now().Add(10 * time.Second); !want.MatchString(shown.String()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the terminal shows %q, want %s in it", shown, want)
		}
	}
}

// What is downloaded may steer a terminal.
func TestGetSparesTheTerminal(t *testing.T) {
	serveAPI(t)
	term := openTerminal(t)
	var stderr bytes.Buffer
	code := postern.RealMain(t.Context(), []string{"get", idA, "--output=-"}, strings.NewReader(""), term.command, &stderr)
	if want := "error: stdout is a terminal"; code != 2 || !strings.Contains(stderr.String(), want) {
		t.Errorf("got code %d, stderr %q, want 2 and %q", code, stderr.String(), want)
	}
}
