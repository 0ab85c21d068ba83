package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"

	"postern/local/chaos"
	"postern/local/iam"
	"postern/local/queue"
	"postern/local/runtime"
	"postern/local/services"
	"postern/local/template"
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
func startBackends(ctx context.Context, s settings, stack *template.Stack, log io.Writer) (*backends, error) {
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

func (b *backends) start(ctx context.Context, s settings, stack *template.Stack, log io.Writer) (err error) {
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

// startFunctions makes the stack's functions ready to be invoked.
func startFunctions(stack *template.Stack, b *backends, log io.Writer) (*runtime.Runtime, error) {
	environment, err := environments(stack, b)
	if err != nil {
		return nil, err
	}
	return runtime.New(runtime.Config{Functions: stack.Functions, Region: stack.Region, Environment: environment, Log: log})
}

// environments are the functions' variables by logical id: where the services are, and the credentials of their roles.
func environments(stack *template.Stack, b *backends) (map[string]map[string]string, error) {
	byRole := make(map[string]iam.Credentials)
	all := make(map[string]map[string]string)
	for _, f := range stack.Functions {
		credentials, ok := byRole[f.Role]
		if !ok {
			var err error
			if credentials, err = b.issuer.Issue(f.Role); err != nil {
				return nil, err
			}
			byRole[f.Role] = credentials
		}
		all[f.LogicalID] = credentials.Environment()
		maps.Copy(all[f.LogicalID], map[string]string{
			"AWS_ENDPOINT_URL_S3":              b.s3.URL,
			"AWS_ENDPOINT_URL_DYNAMODB":        b.aws.URL,
			"AWS_ENDPOINT_URL_SECRETS_MANAGER": b.aws.URL,
			"AWS_ENDPOINT_URL_SQS":             b.aws.URL,
			"AWS_ENDPOINT_URL_EVENTBRIDGE":     b.aws.URL,
		})
	}
	return all, nil
}
