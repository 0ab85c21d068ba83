// Package app reads the stages from the context of cdk.json and synthesizes a stack for the one that -c stage=<name> names.
// Without it, for every stage that can be deployed. With -c deployRole=<owner>/<repository>, it synthesizes instead the role
// that deploys them from GitHub.
package app

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stack"
	"postern/infra/stage"
)

// Folders of the compiled functions, made by `make build`.
const (
	deployedFunctions = "dist/linux_arm64"
	hostFunctions     = "dist/host"
)

// Main synthesizes the stages and ends the process: with status 1, after a line an error, if that fails. prepare, if it is not
// nil, is called with the app before anything is added to it.
func Main(prepare func(awscdk.App)) {
	err := run(prepare)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(os.Stderr, "error:", strings.TrimSpace(line))
		}
	}
	closeRuntime()
	if err != nil {
		os.Exit(1)
	}
}

// closeRuntime ends jsii's process and removes its folder. Nothing is written to stderr any more: jsii waits for the process
// twice at once, and reports the wait that comes second as if something had failed ("waitid: no child processes").
func closeRuntime() {
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
	jsii.Close()
}

func run(prepare func(awscdk.App)) (err error) {
	// An error of the CDK arrives as a panic.
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("synthesizing: %v", fault)
		}
	}()
	app := awscdk.NewApp(nil)
	if prepare != nil {
		prepare(app)
	}
	stages, err := stage.Parse(app.Node().TryGetContext(jsii.String("stages")))
	if err != nil {
		return err
	}
	if repository := app.Node().TryGetContext(jsii.String("deployRole")); repository != nil {
		if _, err := stack.NewDeployRole(app, fmt.Sprint(repository), stages); err != nil {
			return err
		}
		app.Synth(nil)
		return nil
	}
	all, err := chosen(app, stages)
	if err != nil {
		return err
	}
	for _, s := range all {
		if _, err := stack.New(app, stack.Name(s.Name), props(s)); err != nil {
			return err
		}
	}
	app.Synth(nil)
	return nil
}

// chosen returns the stages to synthesize.
func chosen(app awscdk.App, stages stage.Stages) ([]stage.Stage, error) {
	name := app.Node().TryGetContext(jsii.String("stage"))
	if name == nil {
		return stages.Deployed(), nil
	}
	s, err := stages.Lookup(fmt.Sprint(name))
	if err != nil {
		return nil, err
	}
	return []stage.Stage{s}, nil
}

// props returns the props of a stage's stack. Stage local runs functions compiled for this machine.
func props(s stage.Stage) stack.Props {
	if s.Name == stage.Local {
		return stack.Props{Stage: s, Functions: hostFunctions, Architecture: runtime.GOARCH}
	}
	return stack.Props{Stage: s, Functions: deployedFunctions}
}
