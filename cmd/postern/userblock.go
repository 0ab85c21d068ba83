package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/identity"
	"postern/internal/records"
)

// applicationIssuer is what --issuer calls subjects that no provider has given.
const applicationIssuer = "none"

// A person is whom a command works on, who may have no row: by mail, by subject or by owner.
type person struct {
	Mail    *mail   `arg:"" optional:"" help:"Mail address of the user."`
	Subject subject `placeholder:"SUBJECT" help:"The user's subject, in the place of the mail. Needs --issuer."`
	Issuer  string  `placeholder:"URL" help:"Whose subject it is: the issuer, as the stage has it; none for a name that your application has given."`
	Owner   owner   `placeholder:"OWNER" help:"The user's owner, as the access log, user list and user remove have it, in the place of the mail."`
}

// Validate refuses what names nobody, or several.
func (p person) Validate() error {
	named := 0
	for _, given := range []bool{p.Mail != nil, p.Subject != "", p.Owner != ""} {
		if given {
			named++
		}
	}
	issuer, err := url.Parse(p.Issuer)
	switch {
	case named != 1:
		return errors.New("name one user: a mail, --subject or --owner")
	case (p.Subject != "") != (p.Issuer != ""):
		return errors.New("--subject and --issuer go together: a subject names a user at an issuer, or is --issuer none's")
	case p.Issuer != "" && p.Issuer != applicationIssuer && (err != nil || issuer.Host == ""):
		return errors.New(`--issuer is no URL: must be as tokens have it in iss, such as "https://id.example.com/realms/app", or none`)
	}
	return nil
}

// issuer returns whose subject it is, empty for the application's own.
func (p person) issuer() string {
	if p.Issuer == applicationIssuer {
		return ""
	}
	return p.Issuer
}

// String names the person to the operator.
func (p person) String() string {
	switch {
	case p.Mail != nil:
		return "user " + string(p.Mail.Mail)
	case p.Subject != "":
		return "subject " + strconv.Quote(string(p.Subject))
	default:
		return "owner " + string(p.Owner)
	}
}

// ownerOf returns the person's owner: a row's, where the mail has one.
func (s stage) ownerOf(ctx context.Context, p person) (string, error) {
	switch {
	case p.Owner != "":
		return string(p.Owner), nil
	case p.Subject != "":
		key, err := s.ownerKey(ctx)
		if err != nil {
			return "", err
		}
		return identity.SubjectOwner(key, p.issuer(), identity.Subject(p.Subject)), nil
	}
	owner, found, err := s.users().Owner(ctx, p.Mail.Mail)
	if found || err != nil {
		return owner, err
	}
	return s.owner(ctx, p.Mail.Mail)
}

// openPeople finds the stage of people who may have no row.
func (l *location) openPeople(ctx context.Context) (stage, error) {
	return l.open(ctx, []string{"UsersTableName", "UploadsTableName", "OwnerKeySecretArn"}, dynamodb.ServiceID, secretsmanager.ServiceID)
}

type blockUser struct{ person }

// Help is the long text of --help.
func (blockUser) Help() string {
	return "Every call of the user is refused " + inEffect + `, with a password, a token or a key for scripts: 403. It needs no row, so that a
user whom an identity provider signs in is blocked, too. Nothing is uploaded for a blocked user by a service either, which can still
read and delete. What was signed before works until it expires. Files stay. user unblock takes it back.`
}

// Run blocks a user.
func (c blockUser) Run(ctx context.Context, at location, console console) error {
	stage, err := at.openPeople(ctx)
	if err != nil {
		return err
	}
	owner, known, err := stage.block(ctx, c.person)
	if err != nil {
		return fmt.Errorf("blocking %s of stage %s: %w", c.person, at.Stage, advise(err))
	}
	if !known {
		console.note("nothing is known of this user yet: look whether the name is right\n")
	}
	return console.printf("blocked %s of stage %s, owner %s; every call is refused %s\n", c.person, at.Stage, owner, inEffect)
}

// block blocks a person. It reports false if nobody has used the owner.
func (s stage) block(ctx context.Context, p person) (owner string, known bool, err error) {
	if owner, err = s.ownerOf(ctx, p); err != nil {
		return "", false, err
	}
	if known, err = s.isKnown(ctx, p, owner); err != nil {
		return "", false, err
	}
	block := records.Block{Owner: owner, Subject: identity.Subject(p.Subject), Issuer: p.issuer(), Since: time.Now()}
	if p.Mail != nil {
		block.Mail = p.Mail.Mail
	}
	// The list comes first: what is blocked and not in it could not be found again.
	if err := s.users().AddBlock(ctx, block); err != nil {
		return "", false, err
	}
	return owner, known, s.uploads().Block(ctx, owner)
}

// isKnown reports whether a person has a row, or has stored anything.
func (s stage) isKnown(ctx context.Context, p person, owner string) (bool, error) {
	if p.Mail != nil {
		if _, found, err := s.users().Owner(ctx, p.Mail.Mail); found || err != nil {
			return found, err
		}
	}
	accounts, err := s.uploads().Accounts(ctx, []string{owner})
	_, known := accounts[owner]
	return known, err
}

type unblockUser struct{ person }

// Help is the long text of --help.
func (unblockUser) Help() string { return "It takes back what user block did, " + inEffect + "." }

// Run lets a user in again who is blocked.
func (c unblockUser) Run(ctx context.Context, at location, console console) error {
	stage, err := at.openPeople(ctx)
	if err != nil {
		return err
	}
	owner, err := stage.ownerOf(ctx, c.person)
	if err == nil {
		err = stage.uploads().Unblock(ctx, owner)
	}
	if err == nil || errors.Is(err, records.ErrNotBlocked) {
		err = cmp.Or(stage.users().RemoveBlock(ctx, owner), err) // a block that was cut short is only in the list
	}
	if err != nil {
		return fmt.Errorf("unblocking %s of stage %s: %w", c.person, at.Stage, advise(err))
	}
	return console.printf("unblocked %s of stage %s, owner %s; it holds %s\n", c.person, at.Stage, owner, inEffect)
}

// ownerKey reads the key of the owner hash.
func (s stage) ownerKey(ctx context.Context) ([]byte, error) {
	output, err := s.secretsManager().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.outputs["OwnerKeySecretArn"])})
	if err != nil {
		return nil, fmt.Errorf("reading the owner key: %w", explain(err))
	}
	key := []byte(aws.ToString(output.SecretString))
	if err := identity.CheckKey(key); err != nil {
		return nil, fmt.Errorf("reading the owner key: %w", err)
	}
	return key, nil
}
