package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"postern/internal/identity"
)

const passwordHelp = `The password is asked for twice, without showing it, or read from the first line of stdin when that is not a
terminal. It has 12 characters at least and 1024 bytes of UTF-8 at most, without control characters, and is not one of the
common ones, which guessers try first. It is never an argument, because arguments are seen by every user of the machine and
kept in the shell's history. With --generate it is made, and printed once.`

// A passwordSource says where a user's new password comes from.
type passwordSource struct {
	Generate bool `help:"Make a password and print it, this once, instead of asking for one."`
}

// A newPassword is a password that a user may get.
type newPassword struct {
	text      string
	generated bool
}

// newPassword asks for a user's new password, or makes one.
func (c console) newPassword(ctx context.Context, user identity.Mail, source passwordSource) (newPassword, error) {
	if source.Generate {
		return newPassword{generatePassword(), true}, nil
	}
	password, err := c.askForPassword(ctx, user)
	if err != nil {
		return newPassword{}, fmt.Errorf("reading the password: %w", err)
	}
	return newPassword{password, false}, nil
}

// hash returns what is stored of the password.
func (p newPassword) hash() (string, error) { return identity.HashPassword(rand.Reader, p.text) }

// tell prints a password that was made here. It is the one time that anybody sees it.
func (c console) tell(password newPassword) error {
	if !password.generated {
		return nil
	}
	return c.printf("password: %s\n", password.text)
}

// generatePassword returns a new password of 100 random bits: four groups of five letters and digits that are hard to
// mistake for each other.
func generatePassword() string {
	text := strings.ToLower(rand.Text())
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20]}, "-")
}

// askForPassword asks twice for a user's new password, or reads it from the first line of an input that is not a terminal. It
// refuses what checkNewPassword refuses.
func (c console) askForPassword(ctx context.Context, user identity.Mail) (string, error) {
	fd, ok := terminalOf(c.in)
	if !ok {
		password, err := c.passwordLine(ctx)
		if err != nil {
			return "", err
		}
		return password, checkNewPassword(user, password)
	}
	password, err := c.hidden(ctx, fd, "Password: ")
	if err != nil {
		return "", err
	}
	// A password that is refused is not asked for twice.
	if err := checkNewPassword(user, password); err != nil {
		return "", err
	}
	repeated, err := c.hidden(ctx, fd, "The same again: ")
	if err != nil {
		return "", err
	}
	if repeated != password {
		return "", errors.New("the two passwords differ: nothing was changed")
	}
	return password, nil
}

// hidden asks at a terminal without showing what is typed. However it ends, the terminal is left as it was.
func (c console) hidden(ctx context.Context, fd int, question string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	c.note(question)
	defer c.note("\n")
	// An interrupted read is left behind with the terminal still silent.
	defer func() { _ = term.Restore(fd, before) }()
	return await(ctx, func() (string, error) {
		password, err := term.ReadPassword(fd)
		return string(password), err
	})
}

// passwordLine reads a password from the first line of an input that is not a terminal.
func (c console) passwordLine(ctx context.Context) (string, error) {
	// There is room for the line's end, so that a line that is cut here is longer than any password.
	return await(ctx, func() (string, error) { return line(c.in, identity.MaxPassword+int64(len("\r\n"))) })
}

// currentPassword returns the password of a user that exists: from the environment, a terminal or stdin.
func (c console) currentPassword(ctx context.Context, user identity.Mail) (string, error) {
	password, ok := os.LookupEnv("POSTERN_PASSWORD")
	if !ok && c.in == nil {
		return "", usageError("stdin holds the file: give the password in POSTERN_PASSWORD, or save it with postern login")
	}
	var err error
	if fd, isTerminal := terminalOf(c.in); !ok && isTerminal {
		password, err = c.hidden(ctx, fd, fmt.Sprintf("Password of %s: ", user))
	} else if !ok {
		password, err = c.passwordLine(ctx)
	}
	if err == nil {
		err = identity.CheckPassword(password)
	}
	if err != nil {
		return "", fmt.Errorf("reading the password from POSTERN_PASSWORD, a terminal or stdin: %w", err)
	}
	return password, nil
}

// currentKey returns a key for scripts: from the environment, a terminal or stdin.
func (c console) currentKey(ctx context.Context) (string, error) {
	key, ok := os.LookupEnv(keyVariable)
	var err error
	if fd, isTerminal := terminalOf(c.in); !ok && isTerminal {
		key, err = c.hidden(ctx, fd, "Key: ")
	} else if !ok {
		key, err = c.passwordLine(ctx)
	}
	if err == nil {
		_, err = identity.ParseScriptKey(key)
	}
	if err != nil {
		return "", fmt.Errorf("reading the key from %s, a terminal or stdin: %w", keyVariable, err)
	}
	return key, nil
}
