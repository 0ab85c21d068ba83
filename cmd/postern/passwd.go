package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postern/internal/identity"
	"postern/internal/records"
)

type changePassword struct {
	named
	passwordSource
	KeepOld *until `xor:"old" placeholder:"TIME" help:"Keep the password before valid as well: for a time such as 7d or 36h, up to a day such as 2027-01-31 (UTC), or until --drop-old: forever."`
	DropOld bool   `xor:"old" help:"Give no new password, and end the one before at once."`
}

// Help is the long text of --help.
func (changePassword) Help() string {
	return passwordHelp + `

The password before stops working ` + inEffect + `, unless --keep-old says until when it is valid beside the new one. So a
program can be given the new one without a gap: change the password with --keep-old, then the program, then --drop-old.`
}

// Validate refuses a new password that would not be set.
func (c changePassword) Validate() error {
	if c.DropOld && c.Generate {
		return errors.New("--drop-old gives no new password: leave --generate out")
	}
	return nil
}

// Run gives a user that exists a new password, or ends its old one.
func (c changePassword) Run(ctx context.Context, at location, console console) error {
	users, err := at.openUsers(ctx)
	if err != nil {
		return err
	}
	if c.DropOld {
		if err := users.DropOldHash(ctx, c.Mail.Mail); err != nil {
			return fmt.Errorf("dropping the old password of user %s of stage %s: %w", c.Mail.Mail, at.Stage, advise(err))
		}
		return console.printf("dropped the old password of user %s of stage %s; it stops working %s\n", c.Mail.Mail, at.Stage, inEffect)
	}
	password, err := console.newPassword(ctx, c.Mail.Mail, c.passwordSource)
	if err != nil {
		return err
	}
	if err := c.change(ctx, users, password); err != nil {
		return fmt.Errorf("changing the password of user %s of stage %s: %w", c.Mail.Mail, at.Stage, advise(err))
	}
	return errors.Join(
		console.printf("changed the password of user %s of stage %s; the old one %s\n", c.Mail.Mail, at.Stage, c.KeepOld.ends()),
		console.tell(password))
}

func (c changePassword) change(ctx context.Context, users *records.Users, password newPassword) error {
	if c.KeepOld != nil {
		return users.AddHash(ctx, c.Mail.Mail, c.KeepOld.Time, func(hash string) (string, error) {
			return identity.HashPasswordBeside(hash, password.text)
		})
	}
	hash, err := password.hash()
	if err != nil {
		return err
	}
	return users.SetHash(ctx, c.Mail.Mail, hash)
}

// An until is a time to come, in whole seconds, as an argument. It is zero for ever.
type until struct{ time.Time }

// UnmarshalText reads a time such as "7d" from now on, the day at whose end it is, or "forever".
func (u *until) UnmarshalText(text []byte) error {
	s, now := string(text), time.Now().UTC().Truncate(time.Second)
	if s == "forever" {
		return nil
	}
	u.Time = now.Add(duration(s))
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		u.Time = day.AddDate(0, 0, 1)
	}
	if !u.After(now) || u.After(now.AddDate(10, 0, 0)) {
		return fmt.Errorf("not a time to come: must be a time such as 7d or 36h, a day such as 2027-01-31, or forever")
	}
	return nil
}

// ends says when a password ends whose end is u.
func (u *until) ends() string {
	switch {
	case u == nil:
		return "stops working " + inEffect
	case u.IsZero():
		return "stays valid until --drop-old"
	default:
		return "stays valid until " + u.Format(time.RFC3339)
	}
}

// duration reads whole days ("7d"), or what time.ParseDuration reads. It returns 0 for anything else.
func duration(s string) time.Duration {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0
		}
		return time.Duration(n) * 24 * time.Hour
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0
	}
	return d
}
