package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"postern/api"
	"postern/internal/cfn"
)

// planCommand says which quotas a load needs.
type planCommand struct {
	templateSource
	UploadsPerSecond float64 `required:"" placeholder:"N" help:"How many uploads a second arrive."`
	Size             size    `default:"10MiB" placeholder:"SIZE" help:"How large one is. Default: ${default}."`
	Owners           int     `default:"100" placeholder:"N" help:"How many users upload at the same time, each as much as any other. Default: ${default}."`
}

// Help is the long text of --help.
func (planCommand) Help() string {
	return `Prints each quota of AWS, and each bound of the stage, with what the load needs of it, what there is, and what raises it; the one
that binds first comes first. It is computed from what one upload does, and from AWS's published defaults: Service Quotas has
your account's. Of a deployed stage it reads the template and the account's concurrency (cloudformation:GetTemplate,
lambda:GetAccountSettings).`
}

// Validate refuses a load that is none.
func (c planCommand) Validate() error {
	switch {
	case !(c.UploadsPerSecond > 0 && c.UploadsPerSecond <= 1_000_000):
		return fmt.Errorf("--uploads-per-second is %g: must be more than 0, and at most 1000000", c.UploadsPerSecond)
	case c.Size < 1 || int64(c.Size) > api.MaxObject:
		return fmt.Errorf("--size is %d: must be 1 byte to %s", int64(c.Size), api.FormatSize(api.MaxObject))
	case c.Owners < 1:
		return errors.New("--owners must be 1 or more")
	}
	return nil
}

// Run prints the quotas.
func (c planCommand) Run(ctx context.Context, at location, console console) error {
	template, err := c.read(ctx, &at)
	if err != nil {
		return err
	}
	p := plan{load: loadOf(c.UploadsPerSecond, int64(c.Size), float64(c.Owners)), stage: boundsOf(template), concurrency: defaultConcurrency}
	if c.Assembly == "" && at.Stage != localStage {
		if p.concurrency, err = at.accountConcurrency(ctx); err != nil {
			return err
		}
	}
	quotas := p.quotas()
	slices.SortStableFunc(quotas, func(a, b quota) int { return cmp.Compare(b.share(), a.share()) })
	if err := console.printf("stage %s, %g uploads a second of %s, by %d users:\n\n", at.Stage, c.UploadsPerSecond, api.FormatSize(int64(c.Size)), c.Owners); err != nil {
		return err
	}
	if err := writeQuotas(console.out, quotas); err != nil {
		return err
	}
	return console.printf("\n%s\n", verdictOf(quotas))
}

// accountConcurrency returns how many functions the account may run at once.
func (l location) accountConcurrency(ctx context.Context) (float64, error) {
	loaded, err := l.awsConfig(ctx)
	if err != nil {
		return 0, err
	}
	settings, err := lambda.NewFromConfig(loaded).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return 0, fmt.Errorf("reading the account's limits: %w", explain(err))
	}
	if settings.AccountLimit == nil {
		return defaultConcurrency, nil
	}
	return float64(settings.AccountLimit.ConcurrentExecutions), nil
}

func verdictOf(quotas []quota) string {
	binds := 0
	for _, q := range quotas {
		if q.share() > 1 {
			binds++
		}
	}
	if binds == 0 {
		return fmt.Sprintf("Nothing binds. The first that would, at %s times this load: %s.", shortNumber(1/quotas[0].share()), quotas[0].what)
	}
	return fmt.Sprintf("%d of %d must be raised, first: %s.", binds, len(quotas), quotas[0].what)
}

func writeQuotas(out io.Writer, quotas []quota) error {
	// The table keeps what is written, and so the first error, until it is flushed.
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "\tWHAT\tNEEDS\tHAS\tUSED\tRAISE IT BY\n")
	for _, q := range quotas {
		mark := ""
		if q.share() > 1 {
			mark = "BINDS"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.0f %%\t%s\n", mark, q.what, shortNumber(q.needs), shortNumber(q.has), 100*q.share(), q.raise)
	}
	return table.Flush()
}

// shortNumber writes a number with three digits, or all of a large one.
func shortNumber(n float64) string {
	if n >= 100 {
		return fmt.Sprintf("%.0f", math.Round(n))
	}
	return fmt.Sprintf("%.3g", n)
}

// bounds are what a stage sets itself. One that is 0 does not bind.
type bounds struct {
	rate, ownerRate, inspections, authorizers, signers float64
}

// boundsOf reads them from a template.
func boundsOf(t *cfn.Template) bounds {
	var b bounds
	for id, r := range t.Resources {
		switch {
		case r.Type == "AWS::ApiGateway::Stage":
			b.rate = numberOf(r.At("MethodSettings/0/ThrottlingRateLimit"))
		case r.Type == "AWS::Lambda::EventSourceMapping":
			b.inspections = numberOf(r.At("ScalingConfig/MaximumConcurrency"))
		case r.Type == "AWS::Lambda::Function" && readable(id) == "Authorizer":
			b.authorizers = numberOf(r.At("ReservedConcurrentExecutions"))
		case r.Type == "AWS::Lambda::Function" && readable(id) == "Presign":
			b.signers = numberOf(r.At("ReservedConcurrentExecutions"))
			b.ownerRate = memberOf(cfn.Text(r.At("Environment/Variables/THROTTLE")), "ownerRate")
		}
	}
	return b
}
