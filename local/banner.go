package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"postern/internal/cfn"
)

// notEnforced is what AWS enforces and this machine does not, whatever the template says.
var notEnforced = []string{
	"TLS, and the bucket policy's statements on it: API and S3 speak plain HTTP, at 127.0.0.1 only",
	"throttles of the API and of its methods",
	"lifecycle rules, encryption and backups",
	"memory sizes of functions",
}

// banner says where everything is, and what a deployed stack would enforce and this one does not.
func banner(w io.Writer, s settings, stack *cfn.Stack, b *backends, api string) {
	lines := []string{
		stack.Name + ", from " + s.assembly,
		"  API        " + api,
		"  S3         " + b.s3.URL + ", region " + stack.Region + ", operator's credentials in " + filepath.Join(s.data, "credentials"),
		"  DynamoDB   and Secrets Manager, SQS, EventBridge: addresses in " + filepath.Join(s.data, "config"),
		"  demo user  " + demoMail + ", password " + demoPassword,
	}
	for _, bucket := range stack.Buckets {
		lines = append(lines, "  uploads    plain files in "+filepath.Join(s.data, "s3", bucket.Name))
	}
	for _, source := range stack.EventSources {
		lines = append(lines, "  queue      "+source.Queue+" feeds "+source.Function)
	}
	if b.chaos != nil {
		lines = append(lines, chaosLines(b.chaos)...)
	}
	lines = append(lines,
		"  events     printed here, and kept in "+filepath.Join(s.data, "events.jsonl"),
		"Tables and queues are in memory. What lies in the bucket is inspected anew at each start, so its records come back;",
		"later edits of titles, and the tombstones of what was deleted, do not.",
		"Not enforced on this machine:",
	)
	for _, what := range notEnforced {
		lines = append(lines, "  - "+what)
	}
	lines = append(lines, "So these parts of the template have no effect here:")
	for _, what := range stack.Unenforced {
		lines = append(lines, "  - "+what)
	}
	_, _ = fmt.Fprintln(w, strings.Join(lines, "\n"))
}
