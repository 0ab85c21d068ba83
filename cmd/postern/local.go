package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const dialTimeout = 5 * time.Second

// A localRun is what a local run writes into its data folder: the AWS configuration files config and credentials, and
// outputs.json, which has the shape of cdk deploy --outputs-file. Nothing of the environment is read, whose AWS
// settings are for the stages on AWS.
type localRun struct {
	outputs map[string]string
	shared  config.SharedConfig
}

func (l location) localRun(ctx context.Context) (localRun, error) {
	outputs, err := l.openLocalOutputs(ctx)
	if err != nil {
		return localRun{}, err
	}
	shared, err := l.localConfig(ctx)
	return localRun{outputs, shared}, err
}

// openLocal finds the users of the local run.
func (l location) openLocal(ctx context.Context) (stage, error) {
	run, err := l.localRun(ctx)
	if err != nil {
		return stage{}, err
	}
	tables, err := run.endpoint(ctx, dynamodb.ServiceID)
	if err != nil {
		return stage{}, err
	}
	secrets, err := run.endpoint(ctx, secretsmanager.ServiceID)
	if err != nil {
		return stage{}, err
	}
	return newStage(
		dynamodb.New(dynamodb.Options{Region: run.shared.Region, Credentials: run.provider(), BaseEndpoint: &tables}),
		secretsmanager.New(secretsmanager.Options{Region: run.shared.Region, Credentials: run.provider(), BaseEndpoint: &secrets}),
		run.outputs)
}

// openLocalStore finds the uploads of the local run.
func (l location) openLocalStore(ctx context.Context) (store, error) {
	run, err := l.localRun(ctx)
	if err != nil {
		return store{}, err
	}
	var endpoints []*string
	for _, service := range []string{s3.ServiceID, dynamodb.ServiceID, sqs.ServiceID} {
		endpoint, err := run.endpoint(ctx, service)
		if err != nil {
			return store{}, err
		}
		endpoints = append(endpoints, &endpoint)
	}
	return newStore(
		s3.New(s3.Options{Region: run.shared.Region, Credentials: run.provider(), BaseEndpoint: endpoints[0], UsePathStyle: true}),
		dynamodb.New(dynamodb.Options{Region: run.shared.Region, Credentials: run.provider(), BaseEndpoint: endpoints[1]}),
		sqs.New(sqs.Options{Region: run.shared.Region, Credentials: run.provider(), BaseEndpoint: endpoints[2]}),
		run.outputs)
}

// openLocalOutputs are the outputs of the local run's stack, by name.
func (l location) openLocalOutputs(context.Context) (map[string]string, error) {
	content, err := os.ReadFile(filepath.Join(l.Data, "outputs.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no local run has started in folder %q: start it with make run, or name its data folder with --data or DATA", l.Data)
	}
	if err != nil {
		return nil, err
	}
	var stacks map[string]map[string]string
	if err := json.Unmarshal(content, &stacks); err != nil {
		return nil, fmt.Errorf("reading outputs.json: %w", err)
	}
	return stacks[l.stackName()], nil
}

func (l location) localConfig(ctx context.Context) (config.SharedConfig, error) {
	return config.LoadSharedConfigProfile(ctx, "default", func(options *config.LoadSharedConfigOptions) {
		options.ConfigFiles = []string{filepath.Join(l.Data, "config")}
		options.CredentialsFiles = []string{filepath.Join(l.Data, "credentials")}
	})
}

func (r localRun) provider() credentials.StaticCredentialsProvider {
	return credentials.StaticCredentialsProvider{Value: r.shared.Credentials}
}

// endpoint is the address of a service of the local run, which must answer there. Without it the SDK would turn to AWS.
func (r localRun) endpoint(ctx context.Context, service string) (string, error) {
	endpoint, ok, err := r.shared.GetServiceBaseEndpoint(ctx, service)
	if err != nil || !ok {
		return "", fmt.Errorf("the local run's file config names no endpoint_url of %s: start it anew with make run", service)
	}
	address, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("reading the endpoint_url of %s: %w", service, err)
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	connection, err := dialer.DialContext(ctx, "tcp", address.Host)
	if err != nil {
		return "", fmt.Errorf("the local run does not answer, start it with make run: %w", err)
	}
	return endpoint, connection.Close()
}
