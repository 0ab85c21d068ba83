package main

import (
	"context"
	"fmt"
	"os"

	"postern/client"
	"postern/internal/identity"
)

// The one user of the local run, as its documentation has it.
const (
	demoUser     = "demo@example.com"
	demoPassword = "demo-password"
)

// A caller says who calls the API of which stage. It is part of each command that does.
type caller struct {
	URL  *address `name:"url" placeholder:"URL" help:"Address of the API. Default: the named stage's, else POSTERN_URL, else the local run's."`
	User *mail    `env:"POSTERN_USER" placeholder:"MAIL" help:"Who calls. Default: the local run's demo user."`
	Mail *mail    `placeholder:"MAIL" help:"Act for this user. Needs role service. Default: who calls."`
}

const callerHelp = `The address of a stage is read from its stack, which needs AWS credentials. The password is never an argument:
POSTERN_PASSWORD has it, or it is asked for without showing it, or read from the first line of stdin when that is not a
terminal.`

// Help is the long text of --help.
func (caller) Help() string { return callerHelp }

// An address is the address of an API, as an argument.
type address string

// UnmarshalText reads an argument.
func (a *address) UnmarshalText(text []byte) error {
	parsed, err := client.ParseAddress(string(text))
	if err == nil {
		*a = address(parsed.String())
	}
	return err
}

// open finds the API and asks for what is missing to call it.
func (c caller) open(ctx context.Context, at location, console console) (*client.Client, error) {
	base, demo, err := c.find(ctx, at)
	if err != nil {
		return nil, err
	}
	user, password := identity.Mail(demoUser), demoPassword
	switch {
	case c.User != nil:
		user = c.User.Mail
		if password, err = console.currentPassword(ctx, user); err != nil {
			return nil, err
		}
	case !demo:
		return nil, usageError("no user is named: name one with --user or POSTERN_USER")
	}
	api, err := client.New(base, client.Basic(string(user), password))
	if err == nil && c.Mail != nil {
		api.Mail = string(c.Mail.Mail)
	}
	return api, err
}

// find returns the address of the API, and whether it is that of the local run, whose demo user is known.
func (c caller) find(ctx context.Context, at location) (base string, demo bool, err error) {
	if c.URL != nil {
		return string(*c.URL), false, nil
	}
	if text := os.Getenv("POSTERN_URL"); text != "" && at.Stage == "" {
		if _, err := client.ParseAddress(text); err != nil {
			return "", false, usageError("POSTERN_URL: " + err.Error())
		}
		return text, false, nil
	}
	stage, err := at.open(ctx, []string{"ApiUrl"})
	if err != nil {
		return "", false, err
	}
	text := stage.outputs["ApiUrl"]
	if _, err := client.ParseAddress(text); err != nil {
		return "", false, fmt.Errorf("reading the output ApiUrl of stage %s: %w", at.Stage, err)
	}
	return text, at.Stage == localStage, nil
}
