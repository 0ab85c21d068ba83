// Package console holds what a person sees of the local run: what it prints, and the page at its addresses.
package console

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"

	"postern/internal/cfn"
	"postern/local/demouser"
	"postern/local/deployment"
)

// Banner prints what a person needs to begin: the addresses, the user, and what to run next. The api is its base URL, data the
// absolute path of the data folder, and usual the one that programs take if DATA is not set.
func Banner(w io.Writer, d *deployment.Deployment, api, data, usual string) {
	password := "password " + demouser.Password
	if !d.DemoIsKnown {
		password = "with the password that you gave it"
	}
	lines := []string{
		"The stage local is served. Ctrl-C stops it.",
		"  API        " + api,
		"  S3         " + d.S3.URL,
		"  demo user  " + demouser.Mail + ", " + password,
		"  data       " + data + ", kept for the next start",
	}
	if d.Chaos != nil {
		lines = append(lines,
			fmt.Sprintf("  chaos      CHAOS_SEED=%d repeats it. Messages come twice, late and in another order; calls of functions fail;", d.Chaos.Seed()),
			fmt.Sprintf("             what a queue feeds is killed: its messages come again after %v, %d times.", deployment.ChaosVisibility, deployment.ChaosReceives),
		)
	}
	folder := ""
	if data != usual {
		folder = "DATA=" + quote(data) + " "
	}
	lines = append(lines,
		"Next, in another terminal:",
		"  "+folder+"make demo",
		"  "+folder+"bin/postern list",
		"  "+folder+"bin/postern user add you@example.com --stage local",
		folder+"bin/local --explain prints what lies where, and what is not enforced here.",
	)
	_, _ = fmt.Fprintln(w, strings.Join(lines, "\n"))
}

// quote returns a text as one word of a shell.
func quote(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-", r)
	}) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// notEnforced lists what AWS enforces and this machine does not, whatever the template says.
var notEnforced = []string{
	"TLS, and the bucket policy's statements on it: API and S3 speak plain HTTP",
	"throttles of the API and of its methods",
	"lifecycle rules, encryption and backups",
	"memory sizes of functions",
}

// Explain prints what Banner leaves out: what of a stack lies where in the data folder, and what a deployed stack enforces and
// the local run does not.
func Explain(w io.Writer, stack *cfn.Stack, assembly, data string) error {
	lines := []string{
		stack.Name + ", from " + assembly,
		"  addresses  of the API in " + filepath.Join(data, "outputs.json") + ", of S3, DynamoDB and the others in " + filepath.Join(data, "config"),
		"  operator   may do everything, with the credentials in " + filepath.Join(data, "credentials") + ", for region " + stack.Region,
	}
	for _, bucket := range stack.Buckets {
		if len(bucket.Notifications) == 0 {
			continue // nothing is inspected there: the log of objects, which stays empty
		}
		lines = append(lines, "  uploads    plain files in "+filepath.Join(data, "s3", bucket.Name))
	}
	for _, source := range stack.EventSources {
		lines = append(lines, "  queue      "+source.Queue+" feeds "+source.Function)
	}
	lines = append(lines,
		"  events     printed, and kept in "+filepath.Join(data, "events.jsonl"),
		"  requests   one short line each at a terminal; with LOG=json, or elsewhere, the template's access log",
		"Uploads, records, users and messages are kept in "+data+" for the next start.",
		"Not enforced on this machine:",
	)
	for _, what := range notEnforced {
		lines = append(lines, "  - "+what)
	}
	lines = append(lines, "So these parts of the template have no effect here:")
	for _, what := range stack.Unenforced {
		lines = append(lines, "  - "+what)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
