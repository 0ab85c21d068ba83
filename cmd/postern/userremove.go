package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/api"
	"postern/internal/records"
)

// remembered is how long the authorizer knows a user who is removed.
const remembered = time.Minute

type removeUser struct {
	person
	Purge bool `help:"Delete all uploads of the user too, and prove that nothing is left. Who has no row, such as a subject, needs it."`
	Yes   bool `help:"Do not ask. Needed when stdin is no terminal."`
}

// Help is the long text of --help.
func (removeUser) Help() string {
	return "The user's credentials are refused " + inEffect + `. What arrives from then on is removed, also by a form or an address that was
signed before. Files that were uploaded stay, unless --purge deletes them. When a purge is interrupted, call it again: it
goes on with what is left.`
}

// Validate refuses an owner that nobody would purge.
func (c removeUser) Validate() error {
	switch {
	case c.Owner != "" && !c.Purge:
		return errors.New("--owner says what to purge: it needs --purge")
	case c.Subject != "" && !c.Purge:
		return errors.New("a subject has no row to remove: --purge deletes its uploads, user block refuses its calls")
	case c.Mail != nil && c.Subject == "": // a mail may have had several owners
		c.Owner = ""
	}
	return c.person.Validate()
}

// An owner is one as an argument.
type owner string

// UnmarshalText reads an argument.
func (o *owner) UnmarshalText(text []byte) error {
	if !api.IsOwner(string(text)) {
		return errors.New("not an owner: must be 20 digits 0-9 and a-f, as user list prints it")
	}
	*o = owner(text)
	return nil
}

// A removal is one run of the command.
type removal struct {
	removeUser
	at      location
	console console
	stage   stage
	users   *records.Users
	owner   string
	// hasRow reports whether the mail has a row with this owner, which is to be removed.
	hasRow bool
}

// Run removes a user, after a question.
func (c removeUser) Run(ctx context.Context, at location, console console) error {
	if _, ok := terminalOf(console.in); !ok && !c.Yes {
		return usageError("stdin is no terminal to ask at: confirm the removal with --yes")
	}
	r, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	if err := r.find(ctx); err != nil {
		return r.failed(err)
	}
	if !c.Yes {
		if err := console.confirm(ctx, r.question()); err != nil {
			return err
		}
	}
	if err := r.run(ctx); err != nil {
		return r.failed(err)
	}
	return nil
}

func (c removeUser) open(ctx context.Context, at location, console console) (*removal, error) {
	outputs := []string{"UsersTableName", "UploadsTableName"}
	services := []string{dynamodb.ServiceID}
	if c.Purge {
		outputs = append(outputs, "OwnerKeySecretArn", "BucketName", "QueueUrl")
		services = append(services, secretsmanager.ServiceID, s3.ServiceID, sqs.ServiceID)
	}
	stage, err := at.open(ctx, outputs, services...)
	if err != nil {
		return nil, err
	}
	return &removal{removeUser: c, at: at, console: console, stage: stage, users: stage.users()}, nil
}

func (r *removal) failed(err error) error {
	return fmt.Errorf("removing %s from stage %s: %w", r.person, r.at.Stage, advise(err))
}

// find finds the owner. It returns records.ErrNoUser if there is no user, and nothing to purge.
func (r *removal) find(ctx context.Context) (err error) {
	if r.Mail == nil {
		if r.owner, err = r.stage.ownerOf(ctx, r.person); err != nil {
			return err
		}
		return r.checkPurge(ctx)
	}
	r.owner, r.hasRow, err = r.users.Owner(ctx, r.Mail.Mail)
	switch {
	case err != nil:
		return err
	case r.Owner != "" && string(r.Owner) != r.owner:
		r.owner, r.hasRow = string(r.Owner), false
	case !r.hasRow && !r.Purge:
		return records.ErrNoUser
	case !r.hasRow:
		if r.owner, err = r.stage.owner(ctx, r.Mail.Mail); err != nil {
			return err
		}
	}
	if !r.Purge {
		return nil
	}
	return r.checkPurge(ctx)
}

// checkPurge refuses to purge another user's owner, or one that there never was.
func (r *removal) checkPurge(ctx context.Context) error {
	mails, err := r.users.MailsOf(ctx, r.owner)
	if err != nil {
		return err
	}
	for _, mail := range mails {
		if !r.hasRow || mail != r.Mail.Mail {
			return fmt.Errorf("owner %s is that of user %s: remove that user", r.owner, mail)
		}
	}
	if r.hasRow {
		return nil
	}
	removed, err := r.stage.uploads().IsRemoved(ctx, r.owner)
	if err != nil || removed {
		return err
	}
	kept, err := r.stage.kept(ctx, r.owner)
	if err != nil || kept.any() {
		return err
	}
	return records.ErrNoUser
}

func (r *removal) question() string {
	switch {
	case !r.Purge:
		return fmt.Sprintf("Remove user %s from stage %s?", r.Mail.Mail, r.at.Stage)
	case r.hasRow:
		return fmt.Sprintf("Remove user %s from stage %s, and delete all uploads of owner %s for good?", r.Mail.Mail, r.at.Stage, r.owner)
	default:
		return fmt.Sprintf("Delete all uploads of owner %s in stage %s for good?", r.owner, r.at.Stage)
	}
}

// run removes the user. The row goes last, so that a removal that was interrupted still finds the owner.
func (r *removal) run(ctx context.Context) error {
	if r.hasRow {
		if err := r.users.Leave(ctx, r.Mail.Mail); err != nil {
			return err
		}
	}
	if err := r.stage.uploads().MarkRemoved(ctx, r.owner); err != nil {
		return err
	}
	var purged string
	if r.Purge {
		var err error
		if purged, err = r.purge(ctx); err != nil {
			return err
		}
	}
	// A user with the same owner may come again: the keys of this one must not open what that one keeps.
	if err := r.users.RemoveScriptKeys(ctx, r.owner); err != nil {
		return err
	}
	// The list of who is blocked has the mail. Whether the owner is stays as it is.
	if err := r.users.RemoveBlock(ctx, r.owner); err != nil {
		return err
	}
	// Whoever is remembered for a while can still make links.
	if err := r.stage.uploads().RevokeLinks(ctx, r.owner, time.Now().Add(remembered)); err != nil {
		return err
	}
	if r.hasRow {
		if err := r.users.Remove(ctx, r.Mail.Mail); err != nil && !errors.Is(err, records.ErrNoUser) {
			return err
		}
	}
	if r.Purge {
		return r.console.printf("%s", r.result()+purged)
	}
	used, err := r.stage.uploads().Usage(ctx, r.owner)
	if err != nil {
		return err
	}
	return r.console.printf("%s, their files stay (%s)\ndelete them with postern user remove %s --purge --owner %s\n",
		r.result(), roundSize(used.Bytes), r.Mail.Mail, r.owner)
}

// result says what became of the user.
func (r *removal) result() string {
	if !r.hasRow {
		return ""
	}
	text := fmt.Sprintf("removed user %s from stage %s; their credentials are refused %s", r.Mail.Mail, r.at.Stage, inEffect)
	if r.Purge {
		text += "\n"
	}
	return text
}
