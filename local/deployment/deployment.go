// Package deployment puts a synthesized stack into operation on this machine: its AWS services with what they hold, its functions,
// and the queues that feed them.
package deployment

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"path/filepath"
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
	"postern/local/runtime"
	"postern/local/s3"
	"postern/local/secrets"
	"postern/local/sqs"
)

// A Config says what to deploy, and where.
type Config struct {
	// Stack is what is deployed. With Chaos, the settings of its queues are changed.
	Stack *cfn.Stack
	// Data is the absolute path of the folder of all that is kept.
	Data string
	// Host says where S3 is reached. If others may come, the demo user must have another password than the known one.
	Host host.Host
	// S3Port is S3's port. If zero, a free one.
	S3Port int
	// S3Page is HTML for a browser that opens the address of S3.
	S3Page string
	// S3Log is called with each answered request to S3, as s3.Config says. If nil, nothing is.
	S3Log func(method, path string, status int, took time.Duration)
	// Chaos makes faults on purpose.
	Chaos bool
	// Seed repeats the faults of an earlier run. If zero, it is a random one.
	Seed uint64
	// Variables are more of the functions' variables, by logical id.
	Variables map[string]map[string]string
	// Log gets a line for each call that is denied, and what functions print.
	Log io.Writer
}

// A Deployment is a stack in operation: the AWS services that functions call, the functions, the queues that feed them, and
// who may call what.
type Deployment struct {
	S3        *s3.Server
	AWS       *awsserver.Server // of all other services
	Functions *runtime.Runtime
	Policies  *iam.Policies
	Operator  iam.Credentials // may do everything
	Chaos     *chaos.Chaos    // nil: nothing fails on purpose
	// DemoIsKnown reports whether the demo user has the password that everybody knows.
	DemoIsKnown bool

	issuer *iam.Issuer
	queues *queue.Queues
	tables *dynamodb.DB
	bus    *events.Bus
	kept   time.Time // when an earlier run has last changed a queue; zero: what it has kept is not whole
	feeds  *feeds
}

// Start deploys the stack, with what earlier runs have left, and with the demo user. Close must be called. The error is
// awsserver.ErrPortInUse if S3Port is in use.
func Start(ctx context.Context, c Config) (*Deployment, error) {
	d := &Deployment{issuer: iam.NewIssuer(rand.Reader), Policies: iam.NewPolicies(c.Stack, c.Log)}
	if err := d.start(ctx, c); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Deployment) start(ctx context.Context, c Config) (err error) {
	var faults awsserver.Faults
	if c.Chaos {
		d.Chaos = startChaos(c.Seed, c.Stack)
		d.queues, faults = queue.New(c.Stack, c.Log, d.Chaos), d.Chaos
	} else {
		d.queues = queue.New(c.Stack, c.Log, nil)
	}
	if d.kept, err = d.queues.Keep(filepath.Join(c.Data, "queues.jsonl")); err != nil {
		return err
	}
	if d.bus, err = events.Open(c.Data, c.Stack, c.Log); err != nil {
		return err
	}
	if err = d.startAWS(c.Data, c.Stack, faults, sqs.New(d.queues), d.bus.Service()); err != nil {
		return err
	}
	if d.tables.Modified.IsZero() {
		d.kept = time.Time{}
	}
	if d.DemoIsKnown, err = demouser.Make(ctx, c.Stack, d.AWS.URL, d.Operator); err != nil {
		return fmt.Errorf("making the demo user: %w", err)
	}
	if c.Host.IsOpen && d.DemoIsKnown {
		return fmt.Errorf("HOST lets others call, and everybody knows the password of %[1]s: change it first, with "+
			"bin/postern user passwd %[1]s --stage local", demouser.Mail)
	}
	d.S3, err = s3.Start(s3.Config{
		Data: c.Data, Port: c.S3Port, Stack: c.Stack, Queues: d.queues, Issuer: d.issuer, Policies: d.Policies, Operator: d.Operator, Faults: faults,
		Host: c.Host.Name, Names: c.Host.Names, Addresses: c.Host.Addresses, Page: c.S3Page, Log: c.S3Log,
	})
	if err != nil {
		return err
	}
	return d.startFunctions(c)
}

// StartTables deploys the stack's tables and secrets alone. Close must be called.
func StartTables(data string, stack *cfn.Stack, log io.Writer) (*Deployment, error) {
	d := &Deployment{issuer: iam.NewIssuer(rand.Reader), Policies: iam.NewPolicies(stack, log)}
	if err := d.startAWS(data, stack, nil); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// startAWS starts the server of tables, secrets and the services that are given, and makes the operator.
func (d *Deployment) startAWS(data string, stack *cfn.Stack, faults awsserver.Faults, services ...awsserver.Service) (err error) {
	if d.Operator, err = d.issuer.Issue(iam.Operator); err != nil {
		return err
	}
	if d.tables, err = dynamodb.Open(data, stack); err != nil {
		return err
	}
	secrets, err := secrets.Open(data, stack, rand.Reader)
	if err != nil {
		return err
	}
	d.AWS, err = awsserver.Start(awsserver.Config{
		Region: stack.Region, Issuer: d.issuer, Policies: d.Policies, Faults: faults,
		Services: append(services, d.tables.Service(), secrets),
	})
	return err
}

// Close stops what has been started. When it returns, nothing of it is left.
func (d *Deployment) Close() {
	if d.feeds != nil {
		d.feeds.close(d.Functions)
	}
	if d.AWS != nil {
		d.AWS.Close()
	}
	if d.bus != nil {
		d.bus.Close()
	}
	if d.S3 != nil {
		d.S3.Close()
	}
	if d.tables != nil {
		d.tables.Close()
	}
	if d.queues != nil {
		d.queues.Close()
	}
}
