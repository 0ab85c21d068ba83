package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/dynamodb"
	"postern/local/folder"
	"postern/local/iam"
	"postern/local/secrets"
)

// serveTables serves tables and secrets alone, for an operator's command that finds no local run, until its stdin ends or ctx is
// done. It prints one line when it is ready.
func serveTables(ctx context.Context, s settings, stdin io.Reader, stdout, stderr io.Writer) error {
	stack, err := load(s.assembly)
	if err != nil {
		return err
	}
	unlock, err := folder.LockPatiently(s.data)
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
	return offerTables(ctx, s, stack, operator, server.URL, stdin, stdout)
}

// offerTables writes what a command needs to call the tables, and waits until it has ended.
func offerTables(ctx context.Context, s settings, stack *cfn.Stack, operator iam.Credentials, url string, stdin io.Reader, stdout io.Writer) error {
	forget, err := folder.WriteOperator(s.data, operator, stack, folder.Addresses{AWS: url})
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
