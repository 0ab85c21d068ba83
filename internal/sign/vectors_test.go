package sign_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

// A vector is a form that botocore made; testdata/README.md describes it.
type vector struct {
	Name  string
	Input struct {
		Region, Bucket, Endpoint                   string
		AccessKeyID, SecretAccessKey, SessionToken string
		Key                                        string
		Fields                                     map[string]string
		MinSize, MaxSize                           int64
		Now                                        time.Time
		LifetimeSeconds                            int64
	}
	Form struct {
		URL    string
		Fields map[string]string
	}
}

func (v vector) input() input {
	in := v.Input
	return input{
		config: sign.Config{
			Region: in.Region, Bucket: in.Bucket, Endpoint: in.Endpoint,
			Credentials: sign.Credentials{
				AccessKeyID: in.AccessKeyID, SecretAccessKey: in.SecretAccessKey, SessionToken: in.SessionToken,
			},
		},
		post:     sign.Post{Key: in.Key, Fields: in.Fields, MinSize: in.MinSize, MaxSize: in.MaxSize},
		now:      in.Now,
		lifetime: time.Duration(in.LifetimeSeconds) * time.Second,
	}
}

func TestPresignPostAsBotocore(t *testing.T) {
	vectors := readVectors(t)
	if len(vectors) < 50 {
		t.Fatalf("got %d vectors, want at least 50", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) { compareWithBotocore(t, v) })
	}
}

func compareWithBotocore(t *testing.T, v vector) {
	in := v.input()
	signer := newSigner(t, in.config)
	got := presign(t, signer, in.post, in.now, in.lifetime)
	if want := strings.TrimSuffix(v.Form.URL, "/"); got.URL != want {
		t.Errorf("got URL %s, want %s", got.URL, want)
	}
	if want := in.now.Add(in.lifetime); !got.Expires.Equal(want) {
		t.Errorf("got expires %s, want %s", got.Expires, want)
	}

	policy, signature := v.Form.Fields["policy"], v.Form.Fields["x-amz-signature"]
	if diff := cmp.Diff(decodePolicy(t, policy), decodePolicy(t, got.Fields["policy"])); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	// What signs botocore's policy as botocore does may say how ours is signed.
	if got := signatureOf(in.config, policy, in.now); got != signature {
		t.Errorf("botocore's policy: got signature %s, want %s", got, signature)
	}
	if got, want := got.Fields["x-amz-signature"], signatureOf(in.config, got.Fields["policy"], in.now); got != want {
		t.Errorf("our policy: got signature %s, want %s", got, want)
	}
	// Both are compared above: different text has a different signature.
	for _, name := range []string{"policy", "x-amz-signature"} {
		got.Fields[name] = v.Form.Fields[name]
	}
	if diff := cmp.Diff(v.Form.Fields, got.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatalf("decoding vectors.json: %v", err)
	}
	return file.Vectors
}
