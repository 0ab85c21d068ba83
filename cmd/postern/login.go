package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"postern/api"
	"postern/client"
	"postern/internal/identity"
)

// A profile is where and as whom the API is called, as login has saved it.
type profile struct {
	URL      string        `json:"url"`
	User     identity.Mail `json:"user,omitempty"`
	Password string        `json:"password,omitempty"`
	// Key is a key for scripts. It takes the place of the user and the password.
	Key string `json:"key,omitempty"`
}

// defaultProfile is the profile that is used when none is named.
const defaultProfile = "default"

// profilesFile returns the path of the file that holds the profiles.
func profilesFile() string {
	return xdgFolder("XDG_CONFIG_HOME", ".config", "profiles.json")
}

// readProfiles returns the profiles by name. It refuses a file that others can read.
func readProfiles() (map[string]profile, error) {
	path := profilesFile()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]profile{}, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: make it yours alone with chmod 600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	profiles := map[string]profile{}
	if err := json.Unmarshal(text, &profiles); err != nil {
		return nil, fmt.Errorf("%s is damaged: remove it and log in again", path)
	}
	return profiles, nil
}

// writeProfiles replaces the file as a whole.
func writeProfiles(profiles map[string]profile) error {
	path := profilesFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(profiles, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".profiles-") // of mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	return os.Rename(file.Name(), path)
}

type loginCommand struct {
	Name string  `arg:"" optional:"" default:"default" help:"Name of the profile. Default: ${default}, which is used when no other is named."`
	URL  address `name:"url" required:"" placeholder:"URL" help:"Address of the API."`
	User *mail   `xor:"who" required:"" placeholder:"MAIL" help:"Who calls."`
	Key  bool    `xor:"who" required:"" help:"Call with a key for scripts, instead of as a user with a password."`
}

// Help is the long text of --help.
func (loginCommand) Help() string {
	return `The password is asked for, or read from POSTERN_PASSWORD or stdin, tried, and saved with the address in profiles.json of the
folder postern in XDG_CONFIG_HOME (~/.config), which only you can read. So is a key, from POSTERN_KEY or stdin. postern logout
removes it.`
}

// Run saves a profile, once the API has taken its password or key.
func (c loginCommand) Run(ctx context.Context, console console) error {
	saved, who, authorization, err := c.credentials(ctx, console)
	if err != nil {
		return err
	}
	server, err := client.New(string(c.URL), authorization)
	if err != nil {
		return err
	}
	for _, err := range server.List(ctx, client.ListOptions{Limit: 1}) {
		if err != nil && !isTaken(err) {
			return fmt.Errorf("logging in: %w", err)
		}
		break
	}
	profiles, err := readProfiles()
	if err != nil {
		return err
	}
	profiles[c.Name] = saved
	if err := writeProfiles(profiles); err != nil {
		return fmt.Errorf("saving the profile: %w", err)
	}
	return console.printf("logged in to %s %s: saved in %s\n", server.Host(), who, profilesFile())
}

// credentials asks for what is to be saved. who says in words who calls.
func (c loginCommand) credentials(ctx context.Context, console console) (saved profile, who string, authorization client.Authorization, err error) {
	if c.Key {
		key, err := console.currentKey(ctx)
		return profile{URL: string(c.URL), Key: key}, "with a key", client.Bearer(key), err
	}
	password, err := console.currentPassword(ctx, c.User.Mail)
	saved = profile{URL: string(c.URL), User: c.User.Mail, Password: password}
	return saved, "as " + string(c.User.Mail), client.Basic(string(c.User.Mail), password), err
}

// isTaken reports whether an error tells that the credentials are right, but may not list.
func isTaken(err error) bool {
	refusal, ok := errors.AsType[*client.Error](err)
	return ok && refusal.Code == api.Forbidden && strings.Contains(refusal.Message, "lack the right")
}

type logoutCommand struct {
	Name string `arg:"" optional:"" default:"default" help:"Name of the profile. Default: ${default}."`
}

// Run removes a profile.
func (c logoutCommand) Run(console console) error {
	profiles, err := readProfiles()
	if err != nil {
		return err
	}
	if _, ok := profiles[c.Name]; !ok {
		return fmt.Errorf("no profile %q is saved", c.Name)
	}
	delete(profiles, c.Name)
	if err := writeProfiles(profiles); err != nil {
		return fmt.Errorf("removing the profile: %w", err)
	}
	return console.printf("logged out: profile %s is removed\n", c.Name)
}
