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

	"postern/client"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// dialTimeout bounds the wait for a server on this machine.
const dialTimeout = 5 * time.Second

// openLocal finds the local run by what it writes into its data folder: the AWS configuration files config and
// credentials, and outputs.json, which has the shape of cdk deploy --outputs-file. Nothing of the environment is read,
// whose AWS settings are for the stages on AWS.
//
// Tables and secrets are served even if no local run is.
func (l location) openLocal(ctx context.Context, services []string) (stage, error) {
	s, err := l.openServed(ctx, services)
	if err == nil || !l.canServe(services) {
		return s, err
	}
	if err := l.Offline.start(ctx, l.Data); err != nil {
		return stage{}, err
	}
	return l.openServed(ctx, services)
}

func (l location) openServed(ctx context.Context, services []string) (stage, error) {
	outputs, err := l.localOutputs()
	if err != nil || len(services) == 0 {
		return stage{outputs: outputs}, err
	}
	shared, err := config.LoadSharedConfigProfile(ctx, "default", func(options *config.LoadSharedConfigOptions) {
		options.ConfigFiles = []string{filepath.Join(l.Data, "config")}
		options.CredentialsFiles = []string{filepath.Join(l.Data, "credentials")}
	})
	if err != nil {
		return stage{}, err
	}
	s := stage{
		outputs:   outputs,
		config:    aws.Config{Region: shared.Region, Credentials: credentials.StaticCredentialsProvider{Value: shared.Credentials}},
		endpoints: map[string]string{},
	}
	for _, service := range services {
		if s.endpoints[service], err = localEndpoint(ctx, shared, service); err != nil {
			return stage{}, err
		}
	}
	return s, nil
}

// localOutputs returns the outputs of the local run's stack, by name.
func (l location) localOutputs() (map[string]string, error) {
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

// isServed reports whether the API of the local run answers. One that was killed leaves its outputs behind.
func (l location) isServed(ctx context.Context) bool {
	outputs, err := l.localOutputs()
	if err != nil {
		return false
	}
	remote, err := client.New(outputs["ApiUrl"], nil)
	if err != nil {
		return false
	}
	remote.Attempts = 1
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return remote.Health(ctx) == nil
}

// localEndpoint returns the address of a service of the local run, which must answer there. Without an address, the SDK
// would turn to AWS.
func localEndpoint(ctx context.Context, shared config.SharedConfig, service string) (string, error) {
	endpoint, ok, err := shared.GetServiceBaseEndpoint(ctx, service)
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
