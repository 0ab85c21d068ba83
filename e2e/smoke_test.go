package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// smoke runs the smoke test on a local run, and returns what it prints and whether it succeeds.
func (r *localRun) smoke(patience string) (output string, ok bool) {
	cmd := exec.CommandContext(context.Background(), filepath.Join(root, "bin", "postern"), "smoke", "--stage", "local", "--data", r.Data, "--patience", patience)
	cmd.Env = os.Environ()
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// checkNothingLeft looks for what a smoke test should have removed.
func (r *localRun) checkNothingLeft(t *testing.T) {
	t.Helper()
	if users := r.postern(t, "", "user", "list"); strings.Contains(users, "smoke-") {
		t.Errorf("users are left:\n%s", users)
	}
	if keys := r.operator(t).keys(t); len(keys) > 0 {
		t.Errorf("objects are left: %q", keys)
	}
}

// TestSmoke goes through a stage that is well. Each step is a line with its time.
func TestSmoke(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	out, ok := run.smoke("60s")
	if lines := regexp.MustCompile(`(?m)^ok +\S.* +\d+\.\d\d s$`).FindAllString(out, -1); !ok || len(lines) != 19 || strings.Contains(out, "FAILED") {
		t.Errorf("got %d lines, %t, want 19 that say ok:\n%s\n%s", len(lines), ok, out, tail(run.Log()))
	}
	run.checkNothingLeft(t)
}

// TestSmokeNamesTheStep plants a fault in each stage. The smoke test fails, names the step and leaves nothing behind.
func TestSmokeNamesTheStep(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting for a sign-in that never comes takes most of the time
	for name, test := range map[string]struct {
		fault    edit
		patience string
		step     string
		says     string
	}{
		"nobody may sign in":         {without("AuthorizerRole/Users"), "60s", "usage is zero", ""},
		"no record can be read":      {without("ManageRole/Records"), "60s", "usage is zero", ""},
		"no tag may be signed":       {without("PresignRole/TagPending"), "60s", "upload by a form", "AccessDenied"},
		"a format is gone":           {withoutFormat, "60s", "upload what is no pdf", `extension of filename "smoke.pdf" is not supported`},
		"nothing gets a verdict":     {without("InspectRole/TagVerdict"), "4s", "inspected: ready", "not done after 4s"},
		"no event may be published":  {without("InspectRole/Events"), "20s", "an event of each verdict", ""},
		"nothing ready can be read":  {without("ManageRole/ReadReady"), "60s", "download as attachment", "AccessDenied"},
		"no version can be deleted":  {without("ManageRole/Objects s3:DeleteObjectVersion"), "60s", "delete", ""},
		"deletions cannot be queued": {without("ManageRole/Queue"), "60s", "delete", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := serve(t, edited(t, test.fault))
			out, ok := run.smoke(test.patience)
			failed := regexp.MustCompile(`(?m)^FAILED +` + regexp.QuoteMeta(test.step) + ` +\d`).MatchString(out)
			if ok || !failed || !strings.Contains(out, "error: smoke of stage local: "+test.step+": ") || !strings.Contains(out, test.says) {
				t.Errorf("got %t, want step %q to fail with %q:\n%s", ok, test.step, test.says, out)
			}
			if strings.Contains(out, "cleaning up") {
				t.Errorf("it did not clean up:\n%s", out)
			}
			run.checkNothingLeft(t)
		})
	}
}

// withoutFormat takes a format out of the table of the function that signs.
func withoutFormat(t *testing.T, template map[string]any) {
	t.Helper()
	variables := environment(t, template, presign)
	folders := variables["FOLDERS"].(string)
	variables["FOLDERS"] = strings.Replace(folders, `"pdf"`, `"pdg"`, 1)
	if variables["FOLDERS"] == folders {
		t.Fatalf("the table has no pdf: %s", folders)
	}
}
