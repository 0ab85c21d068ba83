package e2e_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/local/clip"
)

// refuses runs the command, which must fail with status 1, and returns what it prints.
func (r *localRun) refuses(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := r.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("postern %q: got %v, want exit status 1\n%s", args, err, out)
	}
	return string(out)
}

func (r *localRun) command(args ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), filepath.Join(root, "bin", "postern"), append(args, "--stage", "local", "--data", r.Data)...)
}

// left is all that lies in the bucket under an owner, in any folder, and every item of the owner that is neither a tombstone
// nor a mark of the removal: of the owner itself, and of its links.
func (o operator) left(t *testing.T, owner string) (left []string) {
	t.Helper()
	for _, key := range o.keys(t) {
		if strings.Contains(key, owner) {
			left = append(left, key)
		}
	}
	items, err := o.tables.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(o.outputs["UploadsTableName"])})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items.Items {
		id, status := attribute(item, "id"), attribute(item, "status")
		if attribute(item, "owner") == owner && status != "deleted" && id != "removed" && id != "links" {
			left = append(left, id+" "+status)
		}
	}
	open, err := o.objects.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(o.outputs["BucketName"])})
	if err != nil {
		t.Fatal(err)
	}
	for _, upload := range open.Uploads {
		if strings.Contains(*upload.Key, owner) {
			left = append(left, *upload.Key+" "+*upload.UploadId)
		}
	}
	return left
}

// attribute returns a text of an item, empty if it has none of that name.
func attribute(item map[string]types.AttributeValue, name string) string {
	if text, ok := item[name].(*types.AttributeValueMemberS); ok {
		return text.Value
	}
	return ""
}

// begin begins a multipart upload of a key of an owner.
func (o operator) begin(t *testing.T, owner string) {
	t.Helper()
	_, err := o.objects.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: aws.String(o.outputs["BucketName"]), Key: aws.String("videos/" + owner + "/0123456789abcdef0123456789abcdef.mp4"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecycledMail gives the mail of a user who was removed to another person, who sees nothing of the first.
func TestRecycledMail(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	o := run.operator(t)
	const mail = "recycled@example.com"
	join := func(password string, flags ...string) client {
		run.postern(t, password+"\n", append([]string{"user", "add", mail}, flags...)...)
		return newClient(run.API, mail+":"+password)
	}
	first := join("the first person")
	kept := first.store(t, "kept.mp4", clip.MP4())
	first.await(t, kept.ID, "ready")
	form := first.presignedURL(t)
	out := run.postern(t, "", "user", "remove", "--yes", mail)
	if !strings.Contains(out, "--purge --owner "+kept.owner()+"\n") {
		t.Errorf("got %q, want how to purge %s", out, kept.owner())
	}

	// The form was signed before: S3 takes it, and the inspection removes what it brings.
	if status, code := form.post(t, clip.MP4()); status != http.StatusNoContent {
		t.Errorf("the form of old: got %d %s", status, code)
	}
	eventually(t, func() bool { return len(o.versions(t, form.Fields["key"])) == 0 }, func() string { return "what the form brought stays" })

	if out := run.refuses(t, "the second person\n", "user", "add", mail); !strings.Contains(out, "its files are still there") {
		t.Errorf("got %q", out)
	}
	second := join("the second person", "--new-owner")
	if list := second.list(t, ""); len(list.Uploads) != 0 {
		t.Errorf("the second person sees %+v", list.Uploads)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if a := second.do(t, method, "uploads/"+kept.ID); a.status != http.StatusNotFound {
			t.Errorf("%s of the first person's upload: got %d", method, a.status)
		}
	}
	own := second.store(t, "own.mp4", clip.MP4())
	second.await(t, own.ID, "ready")

	// A service acts for the second person, and for nobody whose user was removed.
	run.postern(t, "the service's own\n", "user", "add", "service@example.com", "--role=service")
	service := newClient(run.API, "service@example.com:the service's own")
	if list := decoded[page](t, service.do(t, http.MethodGet, "uploads?mail="+mail)); len(list.Uploads) != 1 || list.Uploads[0].ID != own.ID {
		t.Errorf("a service sees %+v, want the second person's", list.Uploads)
	}
	run.postern(t, "", "user", "remove", "--yes", mail)
	if a := service.do(t, http.MethodGet, "uploads?mail="+mail); a.status != http.StatusForbidden {
		t.Errorf("a service acts for a removed user: got %d %s", a.status, a.body)
	}

	// The first person comes back.
	run.refuses(t, "the first again\n", "user", "add", mail)
	third := join("the first again", "--keep-files")
	if list := third.list(t, ""); len(list.Uploads) != 1 || list.Uploads[0].ID != kept.ID {
		t.Errorf("the first person sees %+v, want %s", list.Uploads, kept.ID)
	}
	later := third.store(t, "later.mp4", clip.MP4())
	third.await(t, later.ID, "ready")
}

// TestPurge purges a user while uploads arrive, and the purge is killed now and then. Nothing is left in the end, and
// nothing of another owner is touched.
func TestPurge(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	o := run.operator(t)
	const mail = "leaving@example.com"
	run.postern(t, "the leaving one\n", "user", "add", mail)
	leaving, neighbour := newClient(run.API, mail+":the leaving one"), newClient(run.API, demoUser)
	fill := func(c client) (last grant) {
		for range 8 {
			last = c.store(t, "a.mp4", clip.MP4())
		}
		c.await(t, last.ID, "ready")
		o.begin(t, last.owner())
		return last
	}
	gone, neighboursOwner := fill(leaving), fill(neighbour).owner()
	var forms []form // that are signed, and not used yet
	for range 12 {
		forms = append(forms, leaving.presignedURL(t))
	}
	owner := ownerOf(forms[0])
	settled := func() bool { return o.queued(t) == 0 }
	eventually(t, settled, func() string { return "the queue does not become empty" })
	before := o.left(t, neighboursOwner)

	for n, kill := 0, 60*time.Millisecond; n < 6; n, kill = n+1, kill*3/2 {
		cmd := run.command("user", "remove", mail, "--purge", "--yes")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for _, f := range forms[2*n : 2*n+2] {
			if status, code := f.post(t, clip.MP4()); status != http.StatusNoContent {
				t.Errorf("a form that was signed before: got %d %s", status, code)
			}
		}
		time.Sleep(kill)
		_ = cmd.Process.Signal(syscall.SIGKILL)
		if err := cmd.Wait(); err == nil {
			break // it was done before
		}
	}
	out := run.postern(t, "", "user", "remove", mail, "--purge", "--yes")
	for _, want := range []string{"purged owner " + owner, ": 0 versions, 0 open multipart uploads", ": 0 records, 0 bytes of usage; "} {
		if !strings.Contains(out, want) {
			t.Errorf("got %q, want %q", out, want)
		}
	}
	for _, f := range forms { // those that were used are refused, the others arrive after the purge
		f.post(t, clip.MP4())
	}
	eventually(t, func() bool { return settled() && len(o.left(t, owner)) == 0 }, func() string {
		return "left: " + strings.Join(o.left(t, owner), ", ")
	})
	if got := o.left(t, neighboursOwner); strings.Join(got, "\n") != strings.Join(before, "\n") {
		t.Errorf("the neighbour has %q, want %q", got, before)
	}
	run.awaitEvent(t, gone.ID, "Upload Deleted")
	if a := leaving.do(t, http.MethodGet, "uploads"); a.status == http.StatusOK && len(decoded[page](t, a).Uploads) != 0 {
		t.Errorf("the user sees %s", a.body)
	}
}

// TestPurgeNeedsTheRun: without it, only tables are served.
func TestPurgeNeedsTheRun(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run, err := startLocal(assembly, data)
	if err != nil {
		t.Fatal(err)
	}
	run.postern(t, "the first person\n", "user", "add", "first@example.com")
	first := newClient(run.API, "first@example.com:the first person")
	first.await(t, first.store(t, "a.mp4", clip.MP4()).ID, "ready")
	if err := run.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(assembly, filepath.Join(data, "cdk.out")); err != nil { // where make run has it
		t.Fatal(err)
	}
	if out := run.refuses(t, "", "user", "remove", "first@example.com", "--purge", "--yes"); !strings.Contains(out, "start it with make run") {
		t.Errorf("got %q", out)
	}
	run.postern(t, "", "user", "remove", "first@example.com", "--yes")
	if out := run.refuses(t, "the second person\n", "user", "add", "first@example.com"); !strings.Contains(out, "its files are still there") {
		t.Errorf("got %q", out)
	}
	run.postern(t, "the second person\n", "user", "add", "first@example.com", "--new-owner")
}
