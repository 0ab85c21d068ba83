package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"postern/internal/identity"
)

const passwordHelp = `The password is asked for twice, without showing it, or read from the first line of stdin when that is no
terminal. It has 1 to 1024 bytes of UTF-8 without control characters. It is never an argument, because arguments are
seen by every user of the machine and kept in the shell's history.`

// newHash asks for a new password and returns the hash to store.
func (c console) newHash(ctx context.Context) (string, error) {
	password, err := c.newPassword(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return identity.HashPassword(rand.Reader, password)
}

// newPassword asks twice for a password, or reads it from the first line of an input that is no terminal.
func (c console) newPassword(ctx context.Context) (string, error) {
	fd, ok := terminalOf(c.in)
	if !ok {
		return c.passwordLine(ctx)
	}
	password, err := c.hidden(ctx, fd, "Password: ")
	if err != nil {
		return "", err
	}
	// A password that is refused is not asked for twice.
	if err := identity.CheckPassword(password); err != nil {
		return "", err
	}
	again, err := c.hidden(ctx, fd, "The same again: ")
	if err != nil {
		return "", err
	}
	if again != password {
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

// passwordLine reads a password from the first line of an input that is no terminal.
func (c console) passwordLine(ctx context.Context) (string, error) {
	// There is room for the line's end, so that a line that is cut here is longer than any password.
	return await(ctx, func() (string, error) { return line(c.in, identity.MaxPassword+int64(len("\r\n"))) })
}

// currentPassword returns the password of a user that exists: from the environment, a terminal or stdin.
func (c console) currentPassword(ctx context.Context, user identity.Mail) (string, error) {
	password, ok := os.LookupEnv("POSTERN_PASSWORD")
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
