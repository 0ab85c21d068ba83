package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"postern/internal/identity"
)

// The one user of the local run, as its documentation has it.
const (
	demoUser     = "demo@example.com"
	demoPassword = "demo-password"
)

// A caller says who calls the API of which stage. It is part of each command that does.
type caller struct {
	URL  *address `name:"url" placeholder:"URL" help:"Address of the API. Default: the named stage's, else POSTERN_URL, else the stage dev's."`
	User *mail    `env:"POSTERN_USER" placeholder:"MAIL" help:"Who calls. Default: with --stage local its demo user."`
	Mail *mail    `placeholder:"MAIL" help:"Act for this user. Needs role service. Default: who calls."`
}

const callerHelp = `The address of a stage is read from its stack, which needs AWS credentials. The password is never an argument:
POSTERN_PASSWORD has it, or it is asked for without showing it, or read from the first line of stdin when that is no
terminal.`

// Help is the long text of --help.
func (caller) Help() string { return callerHelp }

// open finds the API and asks for what is missing to call it.
func (c caller) open(ctx context.Context, at location, console console) (api, error) {
	base, demo, err := c.find(ctx, at)
	if err != nil {
		return api{}, err
	}
	a := api{base: base, client: newClient(callTimeout)}
	if c.Mail != nil {
		a.mail = c.Mail.Mail
	}
	switch {
	case c.User != nil:
		a.user = c.User.Mail
		a.password, err = console.secret(ctx, a.user)
	case demo:
		a.user, a.password = demoUser, demoPassword
	default:
		err = usageError("nobody calls: name the user with --user or POSTERN_USER")
	}
	return a, err
}

// find is the address of the API, and whether it is that of the local run, whose demo user is known.
func (c caller) find(ctx context.Context, at location) (base address, demo bool, err error) {
	if c.URL != nil {
		return *c.URL, false, nil
	}
	if text := os.Getenv("POSTERN_URL"); text != "" && !at.named {
		if err := base.UnmarshalText([]byte(text)); err != nil {
			return address{}, false, usageError("POSTERN_URL: " + err.Error())
		}
		return base, false, nil
	}
	text, err := at.apiURL(ctx)
	if err != nil {
		return address{}, false, err
	}
	if err := base.UnmarshalText([]byte(text)); err != nil {
		return address{}, false, fmt.Errorf("reading the output ApiUrl of stage %s: %w", at.Stage, err)
	}
	return base, at.Stage == localStage, nil
}

// secret is the password of a user that exists.
func (c console) secret(ctx context.Context, user identity.Mail) (string, error) {
	password, err := c.secretOf(ctx, user)
	if err == nil {
		err = identity.CheckPassword(password)
	}
	if err != nil {
		return "", fmt.Errorf("reading the password from POSTERN_PASSWORD, a terminal or stdin: %w", err)
	}
	return password, nil
}

func (c console) secretOf(ctx context.Context, user identity.Mail) (string, error) {
	if password, ok := os.LookupEnv("POSTERN_PASSWORD"); ok {
		return password, nil
	}
	if fd, ok := terminalOf(c.in); ok {
		return c.hidden(ctx, fd, fmt.Sprintf("Password of %s: ", user))
	}
	return c.passwordLine(ctx)
}

// newClient makes a client that follows no redirect, because it would take the credentials along or lead out of TLS,
// and unpacks nothing, because sizes and checksums are those of the bytes as they are kept.
func newClient(timeouts timeouts) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.ResponseHeaderTimeout = timeouts.header
	return &http.Client{
		Transport:     transport,
		Timeout:       timeouts.whole,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
