package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/chaos"
	"postern/local/demouser"
	"postern/local/dynamodb"
	"postern/local/events"
	"postern/local/host"
	"postern/local/iam"
	"postern/local/queue"
	"postern/local/s3"
	"postern/local/secrets"
	"postern/local/sqs"
)

// services are the AWS services that functions call, the queues that feed the functions, and who may call what.
type services struct {
	issuer   *iam.Issuer
	policies *iam.Policies
	operator iam.Credentials
	queues   *queue.Queues
	chaos    *chaos.Chaos // nil: nothing fails on purpose
	s3       *s3.Server
	tables   *dynamodb.DB
	bus      *events.Bus
	aws      *awsserver.Server // of all other services
	// demoIsKnown reports whether the demo user has the password that everybody knows.
	demoIsKnown bool
	kept        time.Time // when an earlier run has last changed a queue; zero: what it has kept is not whole
}

// outlets are the local run's ways to the outside.
type outlets struct {
	host     host.Host
	page     string      // S3's for a browser
	requests *requestLog // nil: S3's requests are not logged
	log      io.Writer   // gets a line for each call that is denied
}

// startServices starts the services with everything in them that the stack has, with what earlier runs have left, and with
// the demo user.
func startServices(ctx context.Context, s settings, stack *cfn.Stack, o outlets) (*services, error) {
	all := &services{issuer: iam.NewIssuer(rand.Reader), policies: iam.NewPolicies(stack, o.log)}
	if err := all.start(ctx, s, stack, o); err != nil {
		all.close()
		return nil, err
	}
	return all, nil
}

func (all *services) start(ctx context.Context, s settings, stack *cfn.Stack, o outlets) (err error) {
	if all.operator, err = all.issuer.Issue(iam.Operator); err != nil {
		return err
	}
	var calls awsserver.Faults
	if s.chaos {
		all.chaos = startChaos(s.seed, stack)
		all.queues, calls = queue.New(stack, o.log, all.chaos), all.chaos
	} else {
		all.queues = queue.New(stack, o.log, nil)
	}
	if all.kept, err = all.queues.Keep(filepath.Join(s.data, "queues.jsonl")); err != nil {
		return err
	}
	if all.tables, err = dynamodb.Open(s.data, stack); err != nil {
		return err
	}
	if all.tables.Modified.IsZero() {
		all.kept = time.Time{}
	}
	secrets, err := secrets.Open(s.data, stack, rand.Reader)
	if err != nil {
		return err
	}
	if all.bus, err = events.Open(s.data, stack, o.log); err != nil {
		return err
	}
	all.aws, err = awsserver.Start(awsserver.Config{
		Region: stack.Region, Issuer: all.issuer, Policies: all.policies, Faults: calls,
		Services: []awsserver.Service{all.tables.Service(), secrets, sqs.New(all.queues), all.bus.Service()},
	})
	if err != nil {
		return err
	}
	if all.demoIsKnown, err = demouser.Make(ctx, stack, all.aws.URL, all.operator); err != nil {
		return fmt.Errorf("making the demo user: %w", err)
	}
	if o.host.IsOpen && all.demoIsKnown {
		return fmt.Errorf("HOST lets others call, and everybody knows the password of %[1]s: change it first, with "+
			"bin/postern user passwd %[1]s --stage local", demouser.Mail)
	}
	return all.startS3(s, stack, o, calls)
}

func (all *services) startS3(s settings, stack *cfn.Stack, o outlets, faults awsserver.Faults) (err error) {
	config := s3.Config{
		Data: s.data, Port: s.s3Port, Stack: stack, Queues: all.queues, Issuer: all.issuer, Policies: all.policies, Operator: all.operator, Faults: faults,
		Host: o.host.Name, Names: o.host.Names, Addresses: o.host.Addresses, Page: o.page,
	}
	if o.requests != nil {
		config.Log = o.requests.s3
	}
	if all.s3, err = s3.Start(config); err != nil {
		return portError("S3_PORT", s.s3Port, err)
	}
	return nil
}

// close stops what has been started.
func (all *services) close() {
	if all.aws != nil {
		all.aws.Close()
	}
	if all.bus != nil {
		all.bus.Close()
	}
	if all.s3 != nil {
		all.s3.Close()
	}
	if all.tables != nil {
		all.tables.Close()
	}
	if all.queues != nil {
		all.queues.Close()
	}
}

// Settings of the queues that feed functions, with chaos: what a killed function has not processed comes back soon. A valid
// message is not killed so often that it becomes a dead letter. A poisoned one still does.
const (
	chaosVisibility = 2 * time.Second
	chaosReceives   = 30
)

// startChaos makes the decisions of a seed, a random one if it is zero, and changes the stack's queues.
func startChaos(seed uint64, stack *cfn.Stack) *chaos.Chaos {
	for seed == 0 {
		seed = mathrand.Uint64()
	}
	var queued []string
	for _, source := range stack.EventSources {
		queued = append(queued, roleOf(stack, source.Function))
		i := slices.IndexFunc(stack.Queues, func(q cfn.Queue) bool { return q.LogicalID == source.Queue })
		q := &stack.Queues[i]
		q.Visibility = min(q.Visibility, chaosVisibility)
		q.MaxReceives = max(q.MaxReceives, chaosReceives)
	}
	return chaos.New(seed, queued)
}
