// Package e2e holds the end-to-end tests: they drive the compiled functions over HTTP, with the synthesized template
// and a real S3 server, as a client would.
//
// They start the local run by themselves. With POSTERN_URL set (https://….execute-api.….amazonaws.com/api/) and
// POSTERN_USER as "mail:password", those that need nothing but the API run against a deployed stage instead (make e2e). With
// POSTERN_STAGE and an operator's rights, those that make users do, too.
package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The repository's root, and the assembly of stage "local" that every local run of these tests serves.
var root, assembly string

// The demo user of the API under test, and the local run that serves it (nil when it is a deployed one).
var (
	demo   client
	server *localRun
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// calm matches the tests that a bad day only repeats: what they hold happens before S3 has bytes or beside them. It is
// refused, printed, or a matter of the template. Or they count calls, or kill a function at each of its own: a bad day changes
// how many there are.
const calm = "^Test(AccessLogTells|AnotherOwnerKey|Authorization|Backends|BlockIs|BusyPort|ChaosIsNoticed|DeletedInTheConsole|Doctor|EveryAltered|EveryGrant|EveryStatement|EveryMetric|FieldAfter|FormHas|Guessers|" +
	"Head|Health|Hostile|IDsNobody|InvalidIDs|KeyOfAScript|LinksThatEnd|MailIs|NothingPersonalIsLogged$|ObjectsShow|OneCaller|Others|PageHas|PagesSend|Preflight|" +
	".*SurvivesACrashAtEachStep$|Readme|Refusals|Samples|SetUp|SilentServer|Site|Smoke|Tokens|Undocumented|UnknownStage|UploadMakesFewCalls|UploadsTableIsRebuilt|UserRemoved|UsersAre|UsersWithout)"

func run(m *testing.M) (code int, err error) {
	if root, err = filepath.Abs(".."); err != nil {
		return 0, err
	}
	temp, err := os.MkdirTemp("", "postern-e2e-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(temp) }()

	if deployed := os.Getenv("POSTERN_URL"); deployed != "" {
		demo = newClient(deployed, os.Getenv("POSTERN_USER"))
		return m.Run(), nil
	}
	if err := checkBuilt(); err != nil {
		return 0, err
	}
	assembly = filepath.Join(temp, "assembly")
	if err := synthesize("local", assembly); err != nil {
		return 0, err
	}
	if subjects, err = newProvider(); err != nil {
		return 0, err
	}
	defer subjects.Close()
	if err := subjects.trust(assembly); err != nil {
		return 0, err
	}
	if server, err = startLocal(assembly, filepath.Join(temp, "data")); err != nil {
		return 0, err
	}
	demo = newClient(server.API, demoUser)
	// Parallel tests wait for redeliveries most of the time, however few processors there are.
	if err := flag.Set("test.parallel", "8"); err != nil {
		return 0, err
	}
	flag.Parse()
	whole := isWhole()
	if onBadDay && whole {
		if err := flag.Set("test.skip", calm); err != nil {
			return 0, err
		}
	}
	code = m.Run()
	if err := server.stop(); err != nil {
		return 0, err
	}
	if whole && !onBadDay {
		allGrants.report(os.Stdout)
	}
	return code, allChaos.check(os.Stdout, whole && code == 0)
}

// checkBuilt returns an error that says what to run first if a program is missing that these tests run.
func checkBuilt() error {
	for _, name := range []string{"bin/infra", "bin/local", "bin/postern", "dist/host/presign/bootstrap", "node_modules/.bin/cdk"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return fmt.Errorf("%s is missing: run `make setup` first", name)
		}
	}
	return nil
}

// isWhole reports whether all tests run, and not only some of them.
func isWhole() bool {
	for _, name := range []string{"run", "skip", "list"} {
		if flag.Lookup("test."+name).Value.String() != "" {
			return false
		}
	}
	return true
}

// synthesize writes a stage's assembly to a folder, the way make run does.
func synthesize(stage, folder string) error {
	cmd := exec.CommandContext(context.Background(), "npx", "cdk", "synth", "-c", "stage="+stage, "--output", folder, "--quiet")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CDK_VALIDATION=false", "MAKEFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("synthesizing stage %s: %w\n%s", stage, err, out)
	}
	return nil
}
