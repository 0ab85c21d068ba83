package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/api"
	"postern/internal/identity"
	"postern/internal/records"
)

// inEffect is how soon a change of a user holds: the authorizer keeps a verified identity for 60 s.
const inEffect = "within 60 s"

// advise adds to an error of the users table what a person can do about it.
func advise(err error) error {
	switch {
	case errors.Is(err, records.ErrUserExists):
		return fmt.Errorf("%w: user passwd changes the password, user remove removes it", err)
	case errors.Is(err, errUsedBefore):
		return fmt.Errorf("%w: --keep-files gives them to the new user, who is the same person; --new-owner keeps them from the "+
			"new user, who is another; user remove --purge deletes them", err)
	case errors.Is(err, records.ErrNotBlocked):
		return fmt.Errorf("%w: user list shows who is", err)
	case errors.Is(err, records.ErrNoUser):
		return fmt.Errorf("%w: user list shows them", err)
	default:
		return explain(err)
	}
}

// openUsers finds the stage's users.
func (l *location) openUsers(ctx context.Context) (*records.Users, error) {
	stage, err := l.open(ctx, []string{"UsersTableName", "OwnerKeySecretArn"}, dynamodb.ServiceID, secretsmanager.ServiceID)
	if err != nil {
		return nil, err
	}
	return stage.users(), nil
}

type userCommands struct {
	Add    addUser        `cmd:"" help:"Add a user."`
	Passwd changePassword `cmd:"" help:"Give a user a new password."`
	Set    setUser        `cmd:"" help:"Change a user's role, limits or rights."`
	Remove removeUser     `cmd:"" help:"Remove a user."`
	List   listUsers      `cmd:"" help:"List the users, and who is blocked."`

	Block   blockUser   `cmd:"" help:"Refuse every call of a user, who may have no row."`
	Unblock unblockUser `cmd:"" help:"Let a user in again who is blocked."`
}

// A named user is the one that a command works on.
type named struct {
	Mail mail `arg:"" help:"Mail address of the user."`
}

// A mail is a mail address as an argument.
type mail struct{ identity.Mail }

// UnmarshalText reads an argument.
func (m *mail) UnmarshalText(text []byte) (err error) {
	m.Mail, err = identity.ParseMail(string(text))
	return err
}

type addUser struct {
	named
	passwordSource
	ownerChoice
	Role    identity.Role `enum:"user,service" default:"user" help:"user: acts for itself; service: acts for any mail."`
	MaxSize *size         `placeholder:"SIZE" help:"Largest upload, such as \"5 GiB\". Default: the stage's."`
	Quota   *size         `placeholder:"SIZE" help:"How much the user may keep in all, such as \"100 GiB\". Default: the stage's."`

	FileQuota *files `placeholder:"N" help:"How many files the user may keep in all. Default: the stage's."`

	scope
}

// Help is the long text of --help.
func (addUser) Help() string {
	return passwordHelp + `

A user that exists is refused, and so is one whose mail was used before and whose files are still there: say with
--keep-files that it is the same person again, or with --new-owner that it is another, or delete the files with user remove
--purge.`
}

// Validate refuses what would be without effect.
func (c addUser) Validate() error {
	if c.For != nil && *c.For != "" && c.Role != identity.RoleService {
		return errors.New("--for says whom a service may act for: it needs --role service")
	}
	return c.ownerChoice.Validate()
}

// Run adds a user with a password, and refuses one that exists.
func (c addUser) Run(ctx context.Context, at location, console console) error {
	stage, err := at.openForAdding(ctx)
	if err != nil {
		return err
	}
	users := stage.users()
	password, err := console.newPassword(ctx, c.Mail.Mail, c.passwordSource)
	if err != nil {
		return err
	}
	hash, err := password.hash()
	if err != nil {
		return err
	}
	if _, exists, err := users.Owner(ctx, c.Mail.Mail); exists || err != nil {
		return c.failed(at, cmp.Or(err, records.ErrUserExists))
	}
	owner, err := stage.newOwner(ctx, c.Mail, c.ownerChoice)
	if err != nil {
		return c.failed(at, err)
	}
	user := identity.User{
		Mail: c.Mail.Mail, Owner: owner, Hash: hash, Role: c.Role, MaxSize: (*int64)(c.MaxSize), Quota: (*int64)(c.Quota),
		FileQuota: (*int64)(c.FileQuota), Scope: c.asScope(),
	}
	if err := users.Add(ctx, user); err != nil {
		return c.failed(at, err)
	}
	return errors.Join(
		console.printf("added user %s to stage %s: role %s, owner %s, max size %s, quota %s, file quota %s%s\n",
			user.Mail, at.Stage, user.Role, user.Owner, formatLimit(user.MaxSize), formatLimit(user.Quota), formatCount(user.FileQuota),
			formatScope(user.Scope)),
		console.tell(password))
}

func (c addUser) failed(at location, err error) error {
	return fmt.Errorf("adding user %s to stage %s: %w", c.Mail.Mail, at.Stage, advise(err))
}

type setUser struct {
	named
	Role    identity.Role `enum:",user,service" default:"" placeholder:"ROLE" help:"user: acts for itself; service: acts for any mail."`
	MaxSize *limit        `placeholder:"SIZE" help:"Largest upload, such as \"5 GiB\", or default: the stage's."`
	Quota   *limit        `placeholder:"SIZE" help:"How much the user may keep in all, such as \"100 GiB\", or default: the stage's."`

	FileQuota *fileLimit `placeholder:"N" help:"How many files the user may keep in all, or default: the stage's."`

	scope
}

// Help is the long text of --help.
func (setUser) Help() string {
	return "What is not named stays as it is. A change holds " + inEffect + ". Uploads that are there stay, whatever the new quota."
}

// Validate refuses a change of nothing.
func (c setUser) Validate() error {
	if c.Role == "" && c.MaxSize == nil && c.Quota == nil && c.FileQuota == nil && c.scope == (scope{}) {
		return errors.New("nothing to change: name --role, --max-size, --quota, --file-quota, --may, --for or --expires")
	}
	return nil
}

// Run changes a user that exists.
func (c setUser) Run(ctx context.Context, at location, console console) error {
	users, err := at.openUsers(ctx)
	if err != nil {
		return err
	}
	change := records.UserChange{
		Role: c.Role, MaxSize: (*int64)(c.MaxSize), Quota: (*int64)(c.Quota), FileQuota: (*int64)(c.FileQuota),
		May: (*identity.Rights)(c.May), For: (*identity.Mails)(c.For), Expires: c.Expires.time(),
	}
	user, err := users.Change(ctx, c.Mail.Mail, change)
	if err != nil {
		return fmt.Errorf("changing user %s of stage %s: %w", c.Mail.Mail, at.Stage, advise(err))
	}
	return console.printf("changed user %s of stage %s: role %s, max size %s, quota %s, file quota %s%s; it holds %s\n",
		user.Mail, at.Stage, user.Role, formatLimit(user.MaxSize), formatLimit(user.Quota), formatCount(user.FileQuota),
		formatScope(user.Scope), inEffect)
}

// A size is a number of bytes, as an argument.
type size int64

// UnmarshalText reads an argument.
func (s *size) UnmarshalText(text []byte) error {
	bytes, err := api.ParseSize(string(text))
	*s = size(bytes)
	return err
}

// A limit is a size, or records.StageDefault, as an argument.
type limit int64

// UnmarshalText reads an argument.
func (l *limit) UnmarshalText(text []byte) error {
	if string(text) == "default" {
		*l = limit(records.StageDefault)
		return nil
	}
	return (*size)(l).UnmarshalText(text)
}

// A files is a number of files, as an argument.
type files int64

// UnmarshalText reads an argument.
func (f *files) UnmarshalText(text []byte) error {
	number, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || number < 0 || number > api.MaxFiles || string(text) != strconv.FormatInt(number, 10) {
		return fmt.Errorf("not a number of files: must be a whole number from 0 to %d", int64(api.MaxFiles))
	}
	*f = files(number)
	return nil
}

// A fileLimit is a number of files, or records.StageDefault, as an argument.
type fileLimit int64

// UnmarshalText reads an argument.
func (l *fileLimit) UnmarshalText(text []byte) error {
	if string(text) == "default" {
		*l = fileLimit(records.StageDefault)
		return nil
	}
	return (*files)(l).UnmarshalText(text)
}
