package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"postern/internal/cfn"
)

// A templateSource says where a stage's template is read. It is part of each command that reads one.
type templateSource struct {
	Assembly string `placeholder:"FOLDER" help:"Read the template that make synth has written, such as cdk.out. Default: what is deployed or served."`
}

// read returns the template: that of a folder, else what CloudFormation has deployed, else what the local run serves.
func (s templateSource) read(ctx context.Context, at *location) (*cfn.Template, error) {
	if s.Assembly == "" && at.Stage != "" && at.Stage != localStage {
		return at.deployedTemplate(ctx)
	}
	folder := s.Assembly
	if folder == "" {
		if err := at.choose(ctx); err != nil {
			return nil, err
		}
		folder = filepath.Join(at.Data, "cdk.out")
	}
	all, err := cfn.Templates(folder)
	if err != nil {
		return nil, err
	}
	if at.Stage == "" && len(all) == 1 {
		at.Stage = stageName(strings.TrimPrefix(all[0].Stack, "Postern-"))
	}
	i := slices.IndexFunc(all, func(t *cfn.Template) bool { return t.Stack == at.stackName() })
	if i < 0 {
		var names []string
		for _, t := range all {
			names = append(names, strings.TrimPrefix(t.Stack, "Postern-"))
		}
		return nil, usageError(fmt.Sprintf("%s has the stages %s: name one with --stage", folder, strings.Join(names, ", ")))
	}
	return all[i], nil
}

// deployedTemplate returns the template as CloudFormation has it. Its resources are as they were deployed.
func (l location) deployedTemplate(ctx context.Context) (*cfn.Template, error) {
	loaded, err := l.awsConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("finding stage %s: %w", l.Stage, err)
	}
	answer, err := cloudformation.NewFromConfig(loaded).GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(l.stackName())})
	if err != nil {
		return nil, fmt.Errorf("reading the template of stack %s in %s: %w", l.stackName(), loaded.Region, explain(err))
	}
	return cfn.ParseTemplate(l.stackName(), []byte(aws.ToString(answer.TemplateBody)))
}

// readable returns a logical id without the hash that CDK appends: PresignRole of PresignRoleE08F539A.
func readable(id string) string { return idHash.ReplaceAllString(id, "$1") }
