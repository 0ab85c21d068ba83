package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/internal/identity"
	"postern/internal/objects"
	"postern/internal/records"
)

// localStage is the stage that make run serves.
const localStage = "local"

// A location says where a stage is.
type location struct {
	Stage   stageName `placeholder:"STAGE" help:"Stage to work on, such as dev; local is the one that make run serves. Default: local, while it is served."`
	Profile string    `placeholder:"NAME" help:"Profile of the AWS configuration. Default: AWS_PROFILE, else default."`
	Region  string    `placeholder:"REGION" help:"AWS region of the stage. Default: AWS_REGION, else the profile's."`
	Data    string    `default:".local" env:"DATA" placeholder:"FOLDER" help:"Data folder of the local run. Default: ${default}."`

	// Offline serves the users of the local run while nothing else does. It is nil if nothing can.
	Offline *offline `kong:"-"`
}

// A stageName names a stage, as an argument. It is empty if none is named.
type stageName string

// UnmarshalText reads an argument.
func (s *stageName) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("not the name of a stage: must be one such as dev or local")
	}
	*s = stageName(text)
	return nil
}

// Validate refuses flags that would say nothing.
func (l location) Validate() error {
	if l.Stage == localStage && (l.Profile != "" || l.Region != "") {
		return errors.New("--profile and --region are for stages on AWS, not for --stage local")
	}
	return nil
}

// stackName returns the name of the stage's stack.
func (l location) stackName() string { return "Postern-" + string(l.Stage) }

// A stage is one that was found: deployed on AWS, or served by the local run.
type stage struct {
	// outputs are the outputs of its stack by name.
	outputs map[string]string
	config  aws.Config
	// endpoints are the addresses of the local run's services by id. For a stage on AWS it is nil.
	endpoints map[string]string
	// tablesOnly is true of the local run while only its tables and secrets are served.
	tablesOnly bool
}

// choose makes the local run the stage if none is named, and one is served.
func (l *location) choose(ctx context.Context) error {
	if l.Stage != "" {
		return nil
	}
	local := *l
	local.Stage = localStage
	if l.Profile != "" || l.Region != "" || !local.isServed(ctx) {
		return usageError("which stage? No local run answers: start one with make run, name a deployed stage with --stage, " +
			"or call an API by its address with --url or POSTERN_URL")
	}
	*l = local
	return nil
}

// open finds the stage, and sets its name if none was given. Its stack must have the outputs, and if it is the local run,
// it must serve the services.
func (l *location) open(ctx context.Context, outputs []string, services ...string) (stage, error) {
	if err := l.choose(ctx); err != nil {
		return stage{}, err
	}
	find := l.openDeployed
	if l.Stage == localStage {
		find = l.openLocal
	}
	s, err := find(ctx, services)
	missing := slices.DeleteFunc(outputs, func(name string) bool { return s.outputs[name] != "" })
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("the stack lacks the output %s: deploy it anew", strings.Join(missing, " and "))
	}
	if err != nil {
		return stage{}, fmt.Errorf("finding stage %s: %w", l.Stage, err)
	}
	return s, nil
}

// direct sets the endpoint of a client if the local run serves it. Without one, the client turns to AWS.
func (s stage) direct(service string, endpoint **string) {
	if address, ok := s.endpoints[service]; ok {
		*endpoint = &address
	}
}

func (s stage) dynamoDB() *dynamodb.Client {
	return dynamodb.NewFromConfig(s.config, func(o *dynamodb.Options) { s.direct(dynamodb.ServiceID, &o.BaseEndpoint) })
}

func (s stage) s3() *s3.Client {
	return s3.NewFromConfig(s.config, func(o *s3.Options) {
		s.direct(s3.ServiceID, &o.BaseEndpoint)
		o.UsePathStyle = s.endpoints != nil
	})
}

// bucket returns the bucket of uploads.
func (s stage) bucket() *objects.Bucket {
	config := s.config.Copy()
	s.direct(s3.ServiceID, &config.BaseEndpoint)
	return objects.New(config, s.outputs["BucketName"])
}

func (s stage) users() *records.Users {
	return records.NewUsers(s.dynamoDB(), s.outputs["UsersTableName"])
}

func (s stage) uploads() *records.Uploads {
	return records.NewUploads(s.dynamoDB(), s.outputs["UploadsTableName"])
}

func (s stage) sqs() *sqs.Client {
	return sqs.NewFromConfig(s.config, func(o *sqs.Options) { s.direct(sqs.ServiceID, &o.BaseEndpoint) })
}

func (s stage) secretsManager() *secretsmanager.Client {
	return secretsmanager.NewFromConfig(s.config, func(o *secretsmanager.Options) { s.direct(secretsmanager.ServiceID, &o.BaseEndpoint) })
}

// owner returns the owner that a new user's mail becomes.
func (s stage) owner(ctx context.Context, mail identity.Mail) (string, error) {
	key, err := s.ownerKey(ctx)
	if err != nil {
		return "", err
	}
	return identity.Owner(key, mail), nil
}
