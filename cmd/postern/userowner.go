package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/api"
	"postern/internal/upload"
)

// An ownerChoice says who a new user is whose mail was used before.
type ownerChoice struct {
	KeepFiles bool  `xor:"owner" help:"The mail was used before, by the same person: give the new user the files that are there."`
	NewOwner  bool  `xor:"owner" help:"The mail was used before, by another person: give the new user an owner that was never used."`
	Owner     owner `placeholder:"OWNER" help:"With --keep-files: the owner of the files, as user remove has printed it. Default: the mail's."`
}

// Validate refuses an owner whose files are not asked for.
func (c ownerChoice) Validate() error {
	if c.Owner != "" && !c.KeepFiles {
		return errors.New("--owner says whose files to keep: it needs --keep-files")
	}
	return nil
}

// openForAdding finds the stage, and its bucket unless the local run's tables are served alone.
func (l *location) openForAdding(ctx context.Context) (stage, error) {
	outputs := []string{"UsersTableName", "UploadsTableName", "OwnerKeySecretArn"}
	services := []string{dynamodb.ServiceID, secretsmanager.ServiceID}
	s, err := l.open(ctx, append(outputs, "BucketName"), append(services, s3.ServiceID)...)
	if err != nil && l.Stage == localStage {
		s, err = l.open(ctx, outputs, services...)
		s.tablesOnly = true
	}
	return s, err
}

// errUsedBefore is returned for a new user whose mail's owner keeps uploads of somebody.
var errUsedBefore = errors.New("the mail was used before, and its files are still there")

// newOwner returns the owner of a new user. If the mail's own keeps uploads, it returns errUsedBefore, unless there is a
// choice. A mail whose user was removed gets an owner that was never used: what was signed before the removal may still
// arrive for the former one.
func (s stage) newOwner(ctx context.Context, mail mail, choice ownerChoice) (string, error) {
	owner, err := s.owner(ctx, mail.Mail)
	switch {
	case err != nil:
		return "", err
	case choice.KeepFiles:
		return s.formerOwner(ctx, owner, choice)
	case choice.NewOwner:
		return randomOwner(), s.leaveAlone(ctx, owner)
	}
	removed, err := s.uploads().IsRemoved(ctx, owner)
	if err != nil {
		return "", err
	}
	kept, err := s.kept(ctx, owner)
	switch {
	case err != nil:
		return "", err
	case kept.records, kept.objects && !removed: // what a removed owner has without a record is about to be removed
		return "", fmt.Errorf("%w: owner %s", errUsedBefore, owner)
	case removed:
		return randomOwner(), nil
	}
	return owner, nil
}

// formerOwner returns the owner whose files a new user is to keep, and lets what arrives for it be accepted again.
func (s stage) formerOwner(ctx context.Context, owner string, choice ownerChoice) (string, error) {
	if choice.Owner != "" {
		owner = string(choice.Owner)
	}
	mails, err := s.users().MailsOf(ctx, owner)
	if err != nil {
		return "", err
	}
	if len(mails) > 0 {
		return "", fmt.Errorf("owner %s is that of user %s", owner, mails[0])
	}
	return owner, s.uploads().UnmarkRemoved(ctx, owner)
}

// leaveAlone marks the owner of a mail that another person has now as removed, unless it is some user's: nobody can act for
// it any more.
func (s stage) leaveAlone(ctx context.Context, owner string) error {
	mails, err := s.users().MailsOf(ctx, owner)
	if err != nil || len(mails) > 0 {
		return err
	}
	return s.uploads().MarkRemoved(ctx, owner)
}

// randomOwner returns an owner that nobody has had.
func randomOwner() string {
	var digits [api.OwnerLength / 2]byte
	_, _ = rand.Read(digits[:]) // never fails
	return hex.EncodeToString(digits[:])
}

// kept says what there is of an owner.
type kept struct {
	records bool // besides tombstones
	objects bool // in any folder of the bucket, or open multipart uploads
}

func (k kept) any() bool { return k.records || k.objects }

// kept returns what there is of an owner. Where only tables are served, it looks at those alone.
func (s stage) kept(ctx context.Context, owner string) (kept kept, err error) {
	if kept.records, err = s.hasRecords(ctx, owner); err != nil || s.tablesOnly {
		return kept, err
	}
	bucket := s.bucket()
	folders, err := bucket.Folders(ctx)
	if err != nil {
		return kept, err
	}
	for _, folder := range folders {
		kept.objects, err = bucket.Holds(ctx, folder+"/"+owner+"/")
		if err != nil || kept.objects {
			break
		}
	}
	return kept, err
}

// hasRecords reports whether an owner has a record that is no tombstone.
func (s stage) hasRecords(ctx context.Context, owner string) (bool, error) {
	for before, more := "", true; more; {
		page, next, err := s.uploads().OwnerPage(ctx, owner, before)
		if err != nil {
			return false, err
		}
		for _, record := range page {
			if record.Status != upload.Deleted {
				return true, nil
			}
		}
		before, more = next, next != ""
	}
	return false, nil
}
