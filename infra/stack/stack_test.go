// Package stack_test reads the templates that the stages of cdk.json are synthesized to. They are synthesized once.
package stack_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stack"
	"postern/infra/stage"
	"postern/internal/contract"
)

var update = flag.Bool("update", false, "write the goldens anew")

// What TestMain made.
var (
	context   map[string]any       // of cdk.json
	stages    stage.Stages         // of cdk.json
	functions string               // folder of compiled functions, which are not really compiled
	assembly  string               // folder of the templates
	templates map[string]*template // by stage
	chosen    string               // folder of the template of choices
	choices   *template            // of a stage with every choice
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := setEnvironment(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer jsii.Close()
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(assembly)) }()
	return m.Run()
}

// setEnvironment starts this program anew with the environment that it wants: jsii has taken its child's from this
// process before TestMain is called.
func setEnvironment() error {
	if os.Getenv("CDK_VALIDATION") == "false" {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	tools, err := filepath.Abs("../../node_modules/.bin")
	if err != nil {
		return err
	}
	jsii.Close()
	return syscall.Exec(program, os.Args, append(os.Environ(),
		"CDK_VALIDATION=false", // five times as fast; cdk synth validates
		"PATH="+tools+string(os.PathListSeparator)+os.Getenv("PATH"),
	))
}

func prepare() error {
	if err := readProject(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "postern-stack")
	if err != nil {
		return err
	}
	assembly, chosen, functions = filepath.Join(folder, "cdk.out"), filepath.Join(folder, "chosen"), filepath.Join(folder, "dist")
	for _, name := range contract.Functions {
		if err := writeFile(filepath.Join(functions, string(name), "bootstrap"), []byte(name)); err != nil {
			return err
		}
	}
	page := filepath.Join(functions, string(contract.Site), contract.SiteFolder, "index.html")
	if err := writeFile(page, []byte("<!doctype html>")); err != nil {
		return err
	}
	return errors.Join(synthesizeAll(), synthesizeChoices())
}

func readProject() error {
	b, err := os.ReadFile("../../cdk.json")
	if err != nil {
		return err
	}
	var project struct{ Context map[string]any }
	if err := json.Unmarshal(b, &project); err != nil {
		return err
	}
	context = project.Context
	stages, err = stage.Parse(context["stages"])
	return err
}

func synthesizeAll() error {
	app := newApp(assembly)
	for name, s := range stages {
		if _, err := stack.New(app, stack.Name(name), props(s)); err != nil {
			return err
		}
	}
	app.Synth(nil)
	templates = map[string]*template{}
	for name := range stages {
		t, err := readTemplate(assembly, name)
		if err != nil {
			return err
		}
		templates[name] = t
	}
	return nil
}

func newApp(outdir string) awscdk.App {
	return awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: jsii.String(outdir), AnalyticsReporting: jsii.Bool(false)})
}

func props(s stage.Stage) stack.Props {
	p := stack.Props{Stage: s, Functions: functions}
	if s.Name == stage.Local {
		p.Architecture = runtime.GOARCH
	}
	return p
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// deployed runs a test on the templates of the stages that are deployed.
func deployed(t *testing.T, test func(t *testing.T, s stage.Stage, template *template)) {
	for _, s := range stages.Deployed() {
		t.Run(s.Name, func(t *testing.T) { test(t, s, templates[s.Name]) })
	}
}

// A template is a synthesized template.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }

	text string
}

// A resource is one of a template's.
type resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

var hash = regexp.MustCompile(`[0-9a-f]{64}`)

// readTemplate reads a stage's template, hashes masked.
func readTemplate(assembly, stageName string) (*template, error) {
	b, err := os.ReadFile(filepath.Join(assembly, stack.Name(stageName)+".template.json"))
	if err != nil {
		return nil, err
	}
	t := &template{text: hash.ReplaceAllString(string(b), "<hash>") + "\n"}
	return t, json.Unmarshal([]byte(t.text), t)
}

// of are the resources of a type, by logical id without the hash at its end.
func (t *template) of(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			found[name(id)] = r
		}
	}
	return found
}

// only is the one resource of a type.
func (t *template) only(test *testing.T, kind string) resource {
	test.Helper()
	found := t.of(kind)
	if len(found) != 1 {
		test.Fatalf("got %d of %s, want 1", len(found), kind)
	}
	for _, r := range found {
		return r
	}
	panic("unreachable")
}

var idHash = regexp.MustCompile(`[0-9A-F]{8}$`)

// name is a logical id without its hash.
func name(id string) string { return idHash.ReplaceAllString(id, "") }

// write writes a value with intrinsic functions as Fn::Sub would have it: ${Uploads.Arn}/videos/*.
func write(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		if text, ok := intrinsic(value); ok {
			return text
		}
	}
	return fmt.Sprintf("%v", value)
}

// intrinsic writes an intrinsic function, and reports false for an object that is not one.
func intrinsic(value map[string]any) (string, bool) {
	if ref, ok := value["Ref"].(string); ok {
		return "${" + name(ref) + "}", true
	}
	if attribute, ok := value["Fn::GetAtt"].([]any); ok {
		return "${" + name(attribute[0].(string)) + "." + attribute[1].(string) + "}", true
	}
	if join, ok := value["Fn::Join"].([]any); ok {
		return strings.Join(writeAll(join[1]), join[0].(string)), true
	}
	return "", false
}

// written is a copy of a value with each intrinsic function in it as write has it.
func written(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if text, ok := intrinsic(value); ok {
			return text
		}
		members := make(map[string]any, len(value))
		for name, member := range value {
			members[name] = written(member)
		}
		return members
	case []any:
		list := make([]any, len(value))
		for i, member := range value {
			list[i] = written(member)
		}
		return list
	default:
		return value
	}
}

// writeAll writes a value, or each of a list.
func writeAll(value any) []string {
	list, ok := value.([]any)
	if !ok {
		return []string{write(value)}
	}
	texts := make([]string, len(list))
	for i, member := range list {
		texts[i] = write(member)
	}
	return texts
}
