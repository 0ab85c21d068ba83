package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"postern/client"
	"postern/internal/identity"
)

// A profile is where and as whom the API is called, as login has saved it.
type profile struct {
	URL      string        `json:"url"`
	User     identity.Mail `json:"user"`
	Password string        `json:"password"`
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
	User mail    `required:"" placeholder:"MAIL" help:"Who calls."`
}

// Help is the long text of --help.
func (loginCommand) Help() string {
	return `The password is asked for, or read from POSTERN_PASSWORD or stdin, tried, and saved with the address in profiles.json of the
folder postern in XDG_CONFIG_HOME (~/.config), which only you can read. postern logout removes it.`
}

// Run saves a profile, once the API has taken its password.
func (c loginCommand) Run(ctx context.Context, console console) error {
	password, err := console.currentPassword(ctx, c.User.Mail)
	if err != nil {
		return err
	}
	api, err := client.New(string(c.URL), client.Basic(string(c.User.Mail), password))
	if err != nil {
		return err
	}
	for _, err := range api.List(ctx, client.ListOptions{Limit: 1}) {
		if err != nil {
			return fmt.Errorf("logging in: %w", err)
		}
		break
	}
	profiles, err := readProfiles()
	if err != nil {
		return err
	}
	profiles[c.Name] = profile{string(c.URL), c.User.Mail, password}
	if err := writeProfiles(profiles); err != nil {
		return fmt.Errorf("saving the profile: %w", err)
	}
	return console.printf("logged in to %s as %s: saved in %s\n", api.Host(), c.User.Mail, profilesFile())
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
