package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"postern/internal/cfn"
	"postern/local/chaos"
	"postern/local/iam"
	"postern/local/queue"
	"postern/local/services"
)

// Backends are the services that functions call, the queues that feed them, and who may call them.
type backends struct {
	issuer   *iam.Issuer
	policies *iam.Policies
	operator iam.Credentials
	queues   *queue.Queues
	chaos    *chaos.Chaos // nil: nothing goes wrong on purpose
	s3       *services.S3
	aws      *services.AWS
}

// startBackends starts the services with everything in them that the stack has, the demo user too. What they deny gets
// a line in log.
func startBackends(ctx context.Context, s settings, stack *cfn.Stack, log io.Writer) (*backends, error) {
	b := &backends{issuer: iam.NewIssuer(rand.Reader), policies: iam.NewPolicies(stack, log)}
	if s.chaos {
		b.chaos = startChaos(s.seed, stack)
		b.queues = queue.New(stack, log, b.chaos)
	} else {
		b.queues = queue.New(stack, log, nil)
	}
	if err := b.start(ctx, s, stack, log); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *backends) start(ctx context.Context, s settings, stack *cfn.Stack, log io.Writer) (err error) {
	if b.operator, err = b.issuer.Issue(iam.Operator); err != nil {
		return err
	}
	var faults services.Faults
	if b.chaos != nil {
		faults = b.chaos
	}
	b.s3, err = services.StartS3(services.S3Config{
		Data: s.data, Port: s.s3Port, Region: stack.Region, AccountID: stack.AccountID, Buckets: stack.Buckets, Queues: b.queues,
		Issuer: b.issuer, Policies: b.policies, Operator: b.operator, Faults: faults,
	})
	if err != nil {
		return portError("S3_PORT", s.s3Port, err)
	}
	b.aws, err = services.StartAWS(services.AWSConfig{
		Data: s.data, Region: stack.Region, AccountID: stack.AccountID, Tables: stack.Tables, Secrets: stack.Secrets, Queues: b.queues,
		Issuer: b.issuer, Policies: b.policies, Random: rand.Reader, Log: log, Faults: faults,
	})
	if err != nil {
		return err
	}
	if err := makeDemoUser(ctx, stack, b.aws.URL, b.operator); err != nil {
		return fmt.Errorf("making the demo user: %w", err)
	}
	return nil
}

// close stops what has been started.
func (b *backends) close() {
	if b.aws != nil {
		b.aws.Close()
	}
	if b.s3 != nil {
		b.s3.Close()
	}
}
