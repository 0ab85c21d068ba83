package main

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// urlCommand prints the address of a stage's API.
type urlCommand struct{}

// Run prints the address alone, for a script to take.
func (urlCommand) Run(ctx context.Context, at location, console console) error {
	found, err := findStage(ctx, at)
	if err != nil {
		return err
	}
	return console.printf("%s\n", printable(found.base))
}

// openCommand shows a stage's dashboard.
type openCommand struct {
	Print bool `help:"Print the address, and open nothing."`
}

// Help is the long text of --help.
func (openCommand) Help() string {
	return `Opens the stage's dashboard of CloudWatch in the browser: does it work, how fast is it, who is refused, what does it cost. It
needs cloudformation:ListStackResources on the stack. Of the local run, which has no dashboard, it opens the page.`
}

// Run opens the dashboard, and prints its address.
func (c openCommand) Run(ctx context.Context, at location, console console) error {
	address, err := at.dashboard(ctx)
	if err != nil {
		return err
	}
	if err := console.printf("%s\n", printable(address)); err != nil || c.Print {
		return err
	}
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	}
	// The browser stays when this command ends.
	if err := exec.CommandContext(context.WithoutCancel(ctx), program, address).Start(); err != nil {
		console.note("no browser could be opened: open the address yourself\n")
	}
	return nil
}

// dashboard returns the address of the stage's dashboard, or of the local run's page.
func (l location) dashboard(ctx context.Context) (string, error) {
	if err := l.choose(ctx); err != nil {
		return "", err
	}
	if l.Stage == localStage {
		found, err := findStage(ctx, l)
		return found.base, err
	}
	loaded, err := l.awsConfig(ctx)
	if err != nil {
		return "", fmt.Errorf("finding stage %s: %w", l.Stage, err)
	}
	resources, err := l.resources(ctx, loaded)
	if err != nil {
		return "", err
	}
	for _, resource := range resources {
		if aws.ToString(resource.ResourceType) == "AWS::CloudWatch::Dashboard" {
			return fmt.Sprintf("https://%s.console.aws.amazon.com/cloudwatch/home?region=%s#dashboards/dashboard/%s",
				loaded.Region, loaded.Region, url.PathEscape(aws.ToString(resource.PhysicalResourceId))), nil
		}
	}
	return "", fmt.Errorf("stack %s has no dashboard: deploy it anew", l.stackName())
}
