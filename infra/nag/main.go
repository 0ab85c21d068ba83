// Command nag is the CDK app with the rules of cdk-nag, for a review: the app that is deployed does not load them. It writes
// into the assembly, for each pack of rules and each stack, what it found: <pack>-<stack>-NagReport.json.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"postern/infra/app"
)

func main() {
	app.Main(func(a awscdk.App) {
		props := &cdknag.NagPackProps{ReportFormats: &[]cdknag.NagReportFormat{cdknag.NagReportFormat_JSON}}
		aspects := awscdk.Aspects_Of(a)
		aspects.Add(cdknag.NewAwsSolutionsChecks(props), nil)
		aspects.Add(cdknag.NewServerlessChecks(props), nil)
	})
}
