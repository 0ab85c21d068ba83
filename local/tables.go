package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/dynamodb"
	"postern/local/iam"
	"postern/local/secrets"
)

// lockPatience bounds the wait for a command that is just ending to leave the data folder.
const lockPatience = 3 * time.Second

// serveTables serves tables and secrets alone, for an operator's command that finds no local run, until its stdin ends or ctx is
// done. It prints one line when it is ready.
func serveTables(ctx context.Context, s settings, stdin io.Reader, stdout, stderr io.Writer) error {
	stack, err := load(s.assembly)
	if err != nil {
		return err
	}
	unlock, err := lockPatiently(s.data)
	if err != nil {
		return err
	}
	defer unlock()
	tables, err := dynamodb.Open(s.data, stack)
	if err != nil {
		return err
	}
	defer tables.Close()
	secrets, err := secrets.Open(s.data, stack, rand.Reader)
	if err != nil {
		return err
	}
	issuer := iam.NewIssuer(rand.Reader)
	operator, err := issuer.Issue(iam.Operator)
	if err != nil {
		return err
	}
	server, err := awsserver.Start(awsserver.Config{
		Region: stack.Region, Issuer: issuer, Policies: iam.NewPolicies(stack, stderr),
		Services: []awsserver.Service{tables.Service(), secrets},
	})
	if err != nil {
		return err
	}
	defer server.Close()
	return announceTables(ctx, s, stack, operator, server.URL, stdin, stdout)
}

// announceTables writes what a command needs to call the tables, and waits until it has ended.
func announceTables(ctx context.Context, s settings, stack *cfn.Stack, operator iam.Credentials, url string, stdin io.Reader, stdout io.Writer) error {
	forget, err := writeOperator(s.data, operator, stack, addresses{aws: url})
	if err != nil {
		return err
	}
	defer forget()
	_, _ = fmt.Fprintln(stdout, "ready: tables")
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	return nil
}

func lockPatiently(data string) (unlock func(), err error) {
	for end := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		if unlock, err = lock(data); err == nil || time.Now().After(end) {
			return unlock, err
		}
	}
}
