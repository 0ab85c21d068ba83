package sign_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

// sdkInputs is how many generated inputs the signer and the SDK both sign.
const sdkInputs = 10_000

// An input is what a form is signed from.
type input struct {
	config   sign.Config
	post     sign.Post
	now      time.Time
	lifetime time.Duration
}

// TestPresignPostAsSDK compares with aws-sdk-go-v2, which writes other field names, the expiration in whole seconds
// and the conditions in another order.
func TestPresignPostAsSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(20260314, 150926))
	for n := range sdkInputs {
		in := generateInput(random)
		compareWithSDK(t, in)
		if t.Failed() {
			t.Fatalf("input %d differs: %+v", n, in)
		}
	}
}

func compareWithSDK(t *testing.T, in input) {
	t.Helper()
	signer := newSigner(t, in.config)
	got := presign(t, signer, in.post, in.now, in.lifetime)
	want := sdkPresign(t, in)
	if got.URL != want.URL {
		t.Errorf("got URL %s, want %s", got.URL, want.URL)
	}

	policy, signature := got.Fields["policy"], got.Fields["x-amz-signature"]
	sdkPolicy, sdkSignature := want.Values["policy"], want.Values["X-Amz-Signature"]
	gotPolicy, wantPolicy := decodePolicy(t, policy), decodePolicy(t, sdkPolicy)
	gotPolicy.Expiration = gotPolicy.Expiration.Truncate(time.Second)
	if diff := cmp.Diff(wantPolicy, gotPolicy); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}

	wantFields := maps.Clone(in.post.Fields) // the SDK leaves them to the caller
	for name, value := range want.Values {
		wantFields[strings.ToLower(name)] = value
	}
	for _, fields := range []map[string]string{wantFields, got.Fields} {
		delete(fields, "policy")
		delete(fields, "x-amz-signature")
	}
	if diff := cmp.Diff(wantFields, got.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}

	// What signs the SDK's policy as the SDK does may say how ours is signed.
	if got := signatureOf(in.config, sdkPolicy, in.now); got != sdkSignature {
		t.Errorf("the SDK's policy: got signature %s, want %s", got, sdkSignature)
	}
	if want := signatureOf(in.config, policy, in.now); signature != want {
		t.Errorf("our policy: got signature %s, want %s", signature, want)
	}
}

func sdkPresign(t testing.TB, in input) *s3.PresignedPostRequest {
	t.Helper()
	request, err := sdkPresigner(in.config).PresignPostObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String(in.config.Bucket),
		Key:    aws.String(in.post.Key),
	}, func(o *s3.PresignPostOptions) {
		o.Conditions = sdkConditions(in.post)
		o.PostPresigner = clockedPresigner{o.PostPresigner, in.now, in.lifetime}
	})
	if err != nil {
		t.Fatalf("the SDK: %v", err)
	}
	return request
}

func sdkPresigner(config sign.Config) *s3.PresignClient {
	options := s3.Options{
		Region: config.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     config.Credentials.AccessKeyID,
				SecretAccessKey: config.Credentials.SecretAccessKey,
				SessionToken:    config.Credentials.SessionToken,
			}, nil
		}),
	}
	if config.Endpoint != "" {
		options.BaseEndpoint = aws.String(config.Endpoint)
		options.UsePathStyle = true
	}
	return s3.NewPresignClient(s3.New(options))
}

// sdkConditions spells every other field's condition the long way.
func sdkConditions(post sign.Post) []any {
	conditions := []any{[]any{"content-length-range", post.MinSize, post.MaxSize}}
	for name, value := range post.Fields {
		if len(conditions)%2 == 0 {
			conditions = append(conditions, []any{"eq", "$" + name, value})
		} else {
			conditions = append(conditions, map[string]string{name: value})
		}
	}
	return conditions
}

// A clockedPresigner is the SDK's own presigner at a fixed time: the SDK signs at the time it is, and its clock is
// internal.
type clockedPresigner struct {
	sdk      s3.PresignPost
	now      time.Time
	lifetime time.Duration
}

func (p clockedPresigner) PresignPost(
	credentials aws.Credentials, bucket, key, region, service string, _ time.Time, conditions []any, _ time.Time,
	options ...func(*v4.SignerOptions),
) (map[string]string, error) {
	expires := p.now.UTC().Add(p.lifetime)
	return p.sdk.PresignPost(credentials, bucket, key, region, service, p.now, conditions, expires, options...)
}

func generateInput(random *rand.Rand) input {
	in := input{
		config: sign.Config{
			Region: oneOf(random, "us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "sa-east-1",
				"us-gov-west-1", "cn-north-1", "cn-northwest-1"),
			Bucket: oneOf(random, "examplebucket", "abc", "a-b-c-1", "example.bucket", fmt.Sprintf("postern-%x", random.Uint64())),
			Endpoint: oneOf(random, "", "", "http://127.0.0.1:9000", "https://s3.example.com", "https://example.com/s3",
				"http://s3.example.com:80", "https://s3.example.com:443/s3", "http://s3.example.com:443"),
			Credentials: sign.Credentials{
				AccessKeyID:     fmt.Sprintf("AKIA%016X", random.Uint64()),
				SecretAccessKey: generateText(random, 1+random.IntN(60), '!', '~'),
				SessionToken:    generateText(random, oneOf(random, 0, 0, 1, 100, 1200), '!', '~'),
			},
		},
		// 2000 to 2099, to the nanosecond, in zones whose day differs from UTC's.
		now: time.Unix(946_684_800+random.Int64N(3_155_760_000), random.Int64N(1e9)).
			In(time.FixedZone("", 3600*(random.IntN(27)-12))),
		lifetime: time.Second + time.Duration(random.Int64N(int64(7*24*time.Hour-time.Second))),
	}
	in.post.Key = generateKey(random)
	in.post.MinSize = random.Int64N(1 << 20)
	in.post.MaxSize = in.post.MinSize + random.Int64N(5<<30-in.post.MinSize+1)
	in.post.Fields = generateFields(random)
	return in
}

func generateKey(random *rand.Rand) string {
	if random.IntN(2) == 0 {
		return fmt.Sprintf("%s/%020x/%032x.mp4", oneOf(random, "videos", "images"), random.Uint64(), random.Uint64())
	}
	return generateText(random, 1+random.IntN(60), ' ', '~') + oneOf(random, "", "é", "日本語", "🎬", "\u2028", "<&>", `"\`)
}

func generateFields(random *rand.Rand) map[string]string {
	fields := map[string]string{}
	if random.IntN(4) > 0 {
		fields["content-type"] = oneOf(random, "video/mp4", "image/jpeg", "text/plain; charset=utf-8", "")
	}
	if random.IntN(2) == 0 {
		fields["tagging"] = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"
	}
	for range random.IntN(6) {
		name := "x-amz-meta-" + generateText(random, 1+random.IntN(12), 'a', 'z')
		fields[name] = generateText(random, random.IntN(40), 0, 0x7f) + generateText(random, random.IntN(10), 0x80, 0x1ffff)
	}
	return fields
}

// generateText makes text of count characters from first to last; surrogates, which are none, become U+FFFD.
func generateText(random *rand.Rand, count int, first, last rune) string {
	text := make([]rune, count)
	for i := range text {
		text[i] = first + random.Int32N(last-first+1)
	}
	return string(text)
}

func oneOf[T any](random *rand.Rand, choices ...T) T {
	return choices[random.IntN(len(choices))]
}
