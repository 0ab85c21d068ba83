package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/client"
	"postern/internal/identity"
)

// cleanUpTimeout bounds what is done after the last step, also after an interruption.
const cleanUpTimeout = 2 * time.Minute

type smokeCommand struct {
	Patience time.Duration `default:"60s" help:"How long a step may take. Default: ${default}."`
}

// Help is the long text of --help.
func (smokeCommand) Help() string {
	return `Goes through the whole life of uploads as a user does, with two users of its own, and prints how long each step took. It ends
with 1 and the name of the first step that fails. Whatever happens, it purges its users and their uploads. What stays are
marks of two removed owners and, for 22 days, tombstones. The stage must take txt and pdf. It needs the rights of
user add and of user remove --purge.

To see the events that the stage publishes, it makes a rule of EventBridge and a queue, whose names begin with postern-smoke-, and
deletes both. Without the rights (events:PutRule, PutTargets, PutEvents, RemoveTargets and DeleteRule, sqs:CreateQueue,
ReceiveMessage and DeleteQueue) it skips that and says so. Of the local run it reads the events' file.`
}

// Run goes through the steps, and cleans up.
func (c smokeCommand) Run(ctx context.Context, at location, console console) (err error) {
	stage, err := at.open(ctx, []string{"ApiUrl", "UsersTableName", "UploadsTableName", "OwnerKeySecretArn", "BucketName", "QueueUrl"},
		dynamodb.ServiceID, secretsmanager.ServiceID, s3.ServiceID, sqs.ServiceID)
	if err != nil {
		return err
	}
	s := &smoke{at: at, stage: stage, patience: c.Patience, console: console}
	defer func() {
		if left := s.cleanUp(ctx); left != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", left))
		}
	}()
	for _, step := range s.steps() {
		if err := s.take(ctx, step); err != nil {
			return fmt.Errorf("smoke of stage %s: %s: %w", at.Stage, step.name, err)
		}
	}
	return nil
}

// A smoke is one run of the command.
type smoke struct {
	at       location
	stage    stage
	patience time.Duration
	console  console

	users    []smokeUser
	own      *client.Client // calls as the first user, who uploads
	other    *client.Client // calls as the second one
	stranger *client.Client // calls with a password that is wrong

	form, put, parts, rejected string // ids of uploads

	events    eventWatch // nil before it is begun
	unwatched bool       // whether nothing watches the events
}

// A smokeUser is a user of the run's own.
type smokeUser struct {
	mail  mail
	owner string
}

// A step is a part of a user's life. It names what it does in a few words.
type step struct {
	name string
	do   func(context.Context) error
}

// take takes a step in the time that it has, and prints how long it took.
func (s *smoke) take(ctx context.Context, step step) error {
	begun := time.Now()
	inTime, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	err := step.do(inTime)
	if err != nil && ctx.Err() == nil && inTime.Err() != nil {
		err = fmt.Errorf("not done after %s", s.patience)
	}
	result := "ok"
	if skipped, ok := errors.AsType[skipError](err); ok {
		return s.console.printf("%-6s  %-28s  %s\n", "skip", step.name, skipped)
	}
	if err != nil {
		result = "FAILED"
	}
	return errors.Join(s.console.printf("%-6s  %-28s  %6.2f s\n", result, step.name, time.Since(begun).Seconds()), err)
}

// addUser adds a user of the run, and returns a client that calls as it and one whose password is wrong.
func (s *smoke) addUser(ctx context.Context) (right, wrong *client.Client, err error) {
	var user mail
	if err := user.UnmarshalText([]byte("smoke-" + strings.ToLower(rand.Text()[:12]) + "@smoke.invalid")); err != nil {
		return nil, nil, err
	}
	password := newPassword{text: generatePassword()}
	hash, err := password.hash()
	if err != nil {
		return nil, nil, err
	}
	owner, err := s.stage.newOwner(ctx, user, ownerChoice{})
	if err != nil {
		return nil, nil, advise(err)
	}
	s.users = append(s.users, smokeUser{user, owner}) // before the row, so that it is removed whatever happens
	quota := int64(smokeQuota)
	if err := s.stage.users().Add(ctx, identity.User{Mail: user.Mail, Owner: owner, Hash: hash, Role: identity.RoleUser, Quota: &quota}); err != nil {
		return nil, nil, advise(err)
	}
	right, err = client.New(s.stage.outputs["ApiUrl"], client.Basic(string(user.Mail), password.text))
	if err != nil {
		return nil, nil, err
	}
	wrong, err = client.New(s.stage.outputs["ApiUrl"], client.Basic(string(user.Mail), generatePassword()))
	return right, wrong, err
}

// cleanUp purges the users, although ctx may be done.
func (s *smoke) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	var errs []error
	if s.events != nil {
		errs = append(errs, s.events.end(ctx))
	}
	for _, user := range s.users {
		quiet := console{in: s.console.in, out: io.Discard, err: io.Discard}
		r := &removal{
			removeUser: removeUser{person: person{Mail: &user.mail}, Purge: true, Yes: true},
			at:         s.at, console: quiet, stage: s.stage, users: s.stage.users(),
		}
		err := r.find(ctx)
		if err == nil {
			err = r.run(ctx)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("user %s: %w: remove it with postern user remove --purge", user.mail.Mail, advise(err)))
		}
	}
	return errors.Join(errs...)
}
