package s3_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/local/chaos"
	"postern/local/iam"
	local "postern/local/s3"
	"postern/local/stacktest"
)

func TestFaults(t *testing.T) {
	g, faults := stacktest.NewGuard(), &stacktest.Faults{}
	operator := g.Issue(t, iam.Operator)
	server, err := local.Start(local.Config{
		Data: t.TempDir(), Stack: stacktest.Stack(), Issuer: g.Issuer, Policies: g.Policies, Operator: operator, Queues: g.Queues, Faults: faults,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r := s3Run{Server: server, Guard: g}
	r.client, r.signer = r.clientOf(operator), r.signerOf(t, "PresignRole")
	version := r.putVersions(t, 1)[0]
	inspect := s3.New(s3.Options{
		Region: region, BaseEndpoint: &r.URL, UsePathStyle: true, Credentials: g.Issue(t, "InspectRole").Provider(), RetryMaxAttempts: 1,
	})
	tag := func(value string) error {
		_, err := inspect.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
			Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version, Tagging: status(value),
		})
		return err
	}
	get := func(string) error {
		_, err := inspect.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version})
		return err
	}
	for _, test := range []struct {
		name          string
		call          func(string) error
		before, after chaos.Fault
		code          string
		tag           string // "ready" or "rejected": what the call sets, and what is there afterwards
	}{
		{"nothing", tag, chaos.None, chaos.None, "", "ready"},
		{"throttle", tag, chaos.Throttle, chaos.None, "SlowDown", "ready"},
		{"failure before", tag, chaos.Failure, chaos.None, "InternalError", "ready"},
		{"failure after", tag, chaos.None, chaos.Failure, "InternalError", "rejected"},
		{"failure after a read", get, chaos.None, chaos.Failure, "InternalError", "rejected"},
	} {
		faults.Set([]chaos.Fault{test.before}, []chaos.Fault{test.after})
		set := "rejected"
		if test.name == "nothing" {
			set = "ready"
		}
		if code := stacktest.Code(test.call(set)); code != test.code {
			t.Errorf("%s: got %s, want %q", test.name, code, test.code)
		}
		if got, want := r.describe(t, version), "0 video/0 0 44 status="+test.tag; got != want {
			t.Errorf("%s: the version is %s, want %s", test.name, got, want)
		}
	}

	// Neither forms nor presigned URLs, nor the operator.
	faults.Set([]chaos.Fault{chaos.Failure}, nil)
	body, boundary := encode(t, r.form(t), "a video")
	if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Errorf("a form: got %d %s, want 204", status, code)
	}
	url, err := s3.NewPresignClient(inspect).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version})
	if err != nil {
		t.Fatal(err)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url.URL, nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if _, err := r.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}); err != nil {
		t.Errorf("the operator: got %v", err)
	}
	if response.StatusCode != http.StatusOK || len(faults.Made()) != 0 {
		t.Errorf("a presigned URL: got %d, and %d calls that may fail, want 200 and none", response.StatusCode, len(faults.Made()))
	}
	// A client that repeats what fails has its connection cut.
	for _, test := range []struct{ before, after chaos.Fault }{{chaos.Cut, chaos.None}, {chaos.None, chaos.Cut}} {
		faults.Set([]chaos.Fault{test.before}, []chaos.Fault{test.after})
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url.URL, nil)
		request.Header.Set("User-Agent", "postern")
		request.Close = true // a client repeats by itself what it has sent on a connection that it used before
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			t.Errorf("cut %v: got %s, want a broken connection", test, response.Status)
		}
		if len(faults.Made()) == 0 || !faults.Made()[0].Client {
			t.Errorf("cut %v: got calls %v, want a client's", test, faults.Made())
		}
	}
	faults.Set(nil, nil)
	_ = get("")
	if diff := cmp.Diff(faults.Made(), []chaos.Call{{Role: "InspectRole", Service: "s3", Final: true}}); diff != "" {
		t.Errorf("calls (-got +want):\n%s", diff)
	}
}
