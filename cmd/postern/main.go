// Command postern is Postern's command-line client and operator's tool.
//
// Usage:
//
//	postern upload|list|show|describe|get|rm      (callers)
//	postern login|logout|doctor                   (callers)
//	postern key create|list|revoke                (callers)
//	postern link create|revoke                    (callers)
//	postern user add|passwd|set|remove|list|block|unblock (operators)
//	postern preflight|reconcile|revoke|smoke|unlock (operators)
//	postern invoke|logs|metrics|open|plan|policy|url (operators)
//
// Callers' commands call the API with a user's name and password, at --url, or at the address that the stage's stack
// names. Operators' commands work on AWS itself. A deployed stage is found by the outputs of its stack, and the local run by
// the files in its data folder. It is what they work on when neither a stage nor an address is named.
//
// With a deployed stage, cloudformation:DescribeStacks on the stack is needed by operators, and by callers who give no
// address. On the users table, user needs dynamodb:GetItem and PutItem (add, passwd, set), GetItem, UpdateItem and
// DeleteItem (remove), GetItem and PutItem (block), GetItem and DeleteItem (unblock) or Scan (list; add --new-owner, add --keep-files and remove --purge, too). On the uploads table it
// needs dynamodb:BatchGetItem (list), BatchGetItem and UpdateItem (block), UpdateItem (unblock), GetItem and Query (add), DeleteItem (add --keep-files), PutItem (add --new-owner) or
// GetItem, PutItem and UpdateItem (remove). To add, block and unblock, it needs secretsmanager:GetSecretValue on the owner key's secret, and
// s3:ListBucketVersions and s3:ListBucketMultipartUploads on the bucket. remove --purge needs all of these, and
// dynamodb:UpdateItem on the uploads table, s3:DeleteObjectVersion and s3:AbortMultipartUpload on the objects, and
// sqs:SendMessage on the queue. reconcile needs s3:ListBucket on the bucket, dynamodb:BatchGetItem on the
// uploads table and, but for --dry-run, sqs:SendMessage on the queue. smoke needs what user add and user remove --purge
// need, and to see the events, on rules and queues whose names begin with postern-smoke-: events:PutRule, PutTargets, RemoveTargets
// and DeleteRule, events:PutEvents on the default bus, sqs:CreateQueue, ReceiveMessage and DeleteQueue. logs and open need cloudformation:ListStackResources on the stack, and logs needs logs:FilterLogEvents on its log
// groups. invoke needs cloudformation:ListStackResources on the stack and lambda:InvokeFunction on the function. metrics needs
// cloudwatch:ListMetrics and cloudwatch:GetMetricData. plan and policy need cloudformation:GetTemplate, and plan lambda:GetAccountSettings. unlock needs cloudformation:UpdateTerminationProtection on the stack. preflight needs cloudformation:DescribeStacks
// on the stack and on CDKToolkit, and lambda:GetAccountSettings. revoke needs cloudformation:ListStackResources on the stack,
// iam:GetRole, iam:PutRolePolicy and iam:DeleteRolePolicy on the roles of presign and manage, and
// lambda:GetFunctionConfiguration and lambda:UpdateFunctionConfiguration on the two functions.
//
// It ends with 0, with 1 when it failed, with 2 when it was called wrongly, and upload --wait with 3 when all was stored, and
// some of it rejected.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"postern/api"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	// exitRejected: all was stored, and some of it is rejected.
	exitRejected = 3
)

const description = `Postern's command: uploads your files, lists, describes, downloads and deletes them, and manages the users of a stage.

It works on the stage that make run serves on this machine, or with --stage on one that is deployed to AWS.`

type commandLine struct {
	location
	Version kong.VersionFlag `help:"Print the version."`

	Upload    uploadFiles      `cmd:"" help:"Upload files, of any size."`
	List      listUploads      `cmd:"" help:"List your uploads, the newest first."`
	Show      showUpload       `cmd:"" help:"Show what is known of an upload."`
	Describe  describeUpload   `cmd:"" help:"Change an upload's title, description or labels."`
	Get       getUpload        `cmd:"" help:"Download an upload that is ready."`
	Rm        removeUploads    `cmd:"" help:"Delete uploads."`
	Login     loginCommand     `cmd:"" help:"Save where and as whom you call, for the commands above."`
	Logout    logoutCommand    `cmd:"" help:"Remove what login has saved."`
	Key       keyCommands      `cmd:"" help:"Make, list and revoke keys for your scripts."`
	Link      linkCommands     `cmd:"" help:"Make and revoke links by which people without an account upload for you."`
	Doctor    doctorCommand    `cmd:"" help:"Look from a client's side whether a stage can be used, and say what mends it."`
	Invoke    invokeCommand    `cmd:"" help:"Operators: invoke a function of a stage with an event."`
	Logs      logsCommand      `cmd:"" help:"Operators: print what a stage has logged."`
	Metrics   metricsCommand   `cmd:"" help:"Operators: print what a stage has counted."`
	Open      openCommand      `cmd:"" help:"Operators: show a stage's dashboard in the browser."`
	Plan      planCommand      `cmd:"" help:"Operators: say which quotas a number of uploads a second needs."`
	Policy    policyCommand    `cmd:"" help:"Operators: print what each role of a stage may do."`
	Preflight preflight        `cmd:"" help:"Operators: look whether a stage can be deployed."`
	Reconcile reconcileCommand `cmd:"" help:"Operators: queue for inspection what lies in the bucket unrecorded."`
	Revoke    revoke           `cmd:"" help:"Operators: end at once all that a stage has signed."`
	Smoke     smokeCommand     `cmd:"" help:"Operators: try every step of a stage, with users of its own."`
	Unlock    unlock           `cmd:"" help:"Operators: let a stage be deployed again whose first deployment failed."`
	URL       urlCommand       `cmd:"" name:"url" help:"Print the address of a stage's API."`
	User      userCommands     `cmd:"" help:"Operators: manage who may upload."`
}

// A usageError says that the command was called wrongly.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := realMain(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// realMain runs the command that args (without the program's name) give, and returns the exit status.
func realMain(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var line commandLine
	var told bool
	parser := kong.Must(&line, kong.Name("postern"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Vars{"version": "postern " + api.Version},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Exit(func(int) { told = true }))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	// After the help or the version, parsing goes on and may find the rest of the line wanting.
	if told {
		return exitDone
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "error: %v\nsee postern --help\n", withoutArgument(err, parser.Model.Children))
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	line.Offline = findOffline()
	err = parsed.Run(line.location, console{stdin, stdout, stderr})
	line.Offline.stop()
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	_, _ = fmt.Fprintf(stderr, "error: %s\n", printableLines(err.Error()))
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	if errors.As(err, new(rejectedError)) {
		return exitRejected
	}
	return exitFailed
}

// withoutArgument keeps the parser from repeating an argument that it did not expect, because it may be a password. The
// parser has no type for that error. It names the commands that may be meant, if there are any with similar names.
func withoutArgument(err error, commands []*kong.Node) error {
	text, ok := strings.CutPrefix(err.Error(), "unexpected argument ")
	if !ok {
		return err
	}
	var names, known []string
	for _, command := range commands {
		names = append(names, command.Name)
		for _, node := range append([]*kong.Node{command}, command.Children...) {
			known = append(known, strconv.Quote(node.Name))
		}
	}
	const question = ", did you mean "
	if at := strings.LastIndex(text, question); at >= 0 {
		meant := strings.Split(strings.TrimPrefix(strings.TrimSuffix(text[at+len(question):], "?"), "one of "), ", ")
		if !slices.ContainsFunc(meant, func(name string) bool { return !slices.Contains(known, name) }) {
			return fmt.Errorf("no such command: did you mean %s?", strings.Join(meant, " or "))
		}
	}
	return fmt.Errorf("unexpected argument: a password is never one, it is asked for or read from stdin; commands are %s", strings.Join(names, ", "))
}
