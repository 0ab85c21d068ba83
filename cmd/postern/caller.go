package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"postern/api"
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
	URL  *address `name:"url" placeholder:"URL" help:"Address of the API. Default: the named stage's, else POSTERN_URL, else the profile's, else the local run's."`
	User *mail    `env:"POSTERN_USER" placeholder:"MAIL" help:"Who calls. Default: the profile's user, else netrc's, else the local run's demo user."`
	As   string   `env:"POSTERN_PROFILE" placeholder:"NAME" help:"Profile that login has saved. Default: POSTERN_PROFILE, else default, if there is one."`
	Mail *mail    `xor:"whom" placeholder:"MAIL" help:"Act for this user. Needs role service. Default: who calls."`

	Subject subject `xor:"whom" placeholder:"SUBJECT" help:"Act for this user, as the stage's identity provider names it. Needs role service."`
}

const callerHelp = `The address of a stage is read from its stack, which needs AWS credentials. The password is never an argument:
POSTERN_PASSWORD has it, or a profile that login has saved, or the netrc (NETRC, else ~/.netrc). Else it is asked for without
showing it, or read from the first line of stdin when that is not a terminal. A key for scripts in POSTERN_KEY, or saved by
login --key, takes the place of user and password.`

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

// A subject is one as an argument.
type subject identity.Subject

// UnmarshalText reads an argument.
func (s *subject) UnmarshalText(text []byte) error {
	named, err := identity.ParseSubject(string(text))
	if err != nil || len(named) > api.MaxSubject {
		return fmt.Errorf("not a subject: must be 1 to %d printable ASCII characters", api.MaxSubject)
	}
	*s = subject(named)
	return nil
}

// A target is the API that is called.
type target struct {
	base string
	// demo reports whether it is the local run, whose demo user is known.
	demo bool
	// saved is the profile of this address. It is nil if none is saved.
	saved *profile
}

// open finds the API and asks for what is missing to call it.
func (c caller) open(ctx context.Context, at location, console console) (*client.Client, error) {
	found, err := c.find(ctx, at)
	if err != nil {
		return nil, err
	}
	authorization, err := c.authorization(ctx, found, console)
	if err != nil {
		return nil, err
	}
	remote, err := client.New(found.base, authorization)
	if err == nil && c.Mail != nil {
		remote.Mail = string(c.Mail.Mail)
	}
	if err == nil {
		remote.Subject = string(c.Subject)
	}
	return remote, err
}

// credentials returns who calls and the password. What was saved for one address is never sent to another.
func (c caller) credentials(ctx context.Context, found target, console console) (user, password string, err error) {
	host := ""
	if parsed, err := client.ParseAddress(found.base); err == nil {
		host = parsed.Hostname()
	}
	_, given := os.LookupEnv("POSTERN_PASSWORD")
	switch {
	case c.User != nil && !given && found.saved != nil && found.saved.User == c.User.Mail:
		return string(found.saved.User), found.saved.Password, nil
	case c.User != nil:
		if user, password, ok := findNetrc(host, string(c.User.Mail)); ok && !given && !found.demo {
			return user, password, nil
		}
		password, err = console.currentPassword(ctx, c.User.Mail)
		return string(c.User.Mail), password, err
	case found.saved != nil:
		return string(found.saved.User), found.saved.Password, nil
	case found.demo:
		return demoUser, demoPassword, nil
	}
	if user, password, ok := findNetrc(host, ""); ok && user != "" {
		return user, password, nil
	}
	return "", "", usageError("no user is named: name one with --user or POSTERN_USER, or save one with postern login")
}

// find returns the API's address: that of --url, else of the stage that is named, else of POSTERN_URL, else of the profile,
// else of the local run.
func (c caller) find(ctx context.Context, at location) (target, error) {
	saved, err := c.profile()
	if err != nil {
		return target{}, err
	}
	found := target{}
	switch text := os.Getenv("POSTERN_URL"); {
	case c.URL != nil:
		found.base = string(*c.URL)
	case at.Stage != "":
		return findStage(ctx, at)
	case text != "":
		if _, err := client.ParseAddress(text); err != nil {
			return target{}, usageError("POSTERN_URL: " + err.Error())
		}
		found.base = text
	case saved != nil:
		found.base = saved.URL
	default:
		return findStage(ctx, at)
	}
	if saved != nil && strings.TrimSuffix(saved.URL, "/") == strings.TrimSuffix(found.base, "/") {
		found.saved = saved
	} else if c.As != "" {
		return target{}, usageError(fmt.Sprintf("profile %q is for another address: leave --url and POSTERN_URL out", c.As))
	}
	return found, nil
}

// profile returns the profile that is named, or the default one. It is nil if that is not saved.
func (c caller) profile() (*profile, error) {
	profiles, err := readProfiles()
	if err != nil {
		return nil, fmt.Errorf("reading the profiles: %w", err)
	}
	saved, ok := profiles[cmp.Or(c.As, defaultProfile)]
	if !ok && c.As != "" {
		return nil, usageError(fmt.Sprintf("no profile %q is saved: save it with postern login", c.As))
	}
	if !ok {
		return nil, nil
	}
	return &saved, nil
}

// findStage returns the address of a stage's API, or of the local run's if no stage is named.
func findStage(ctx context.Context, at location) (target, error) {
	stage, err := at.open(ctx, []string{"ApiUrl"})
	if err != nil {
		return target{}, err
	}
	text := stage.outputs["ApiUrl"]
	if _, err := client.ParseAddress(text); err != nil {
		return target{}, fmt.Errorf("reading the output ApiUrl of stage %s: %w", at.Stage, err)
	}
	return target{base: text, demo: at.Stage == localStage}, nil
}
