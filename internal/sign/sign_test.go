package sign_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postern/internal/sign"
)

// Credentials of AWS's documentation; they open nothing.
const (
	exampleAccessKeyID     = "AKIAIOSFODNN7EXAMPLE"
	exampleSecretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// exampleToken is as long as the session tokens that functions get.
var exampleToken = strings.Repeat("IQoJb3JpZ2luX2VjEXAMPLE/+", 30) + "=="

// exampleLifetime is the default of a stage.
const exampleLifetime = 15 * time.Minute

var exampleNow = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)

func exampleConfig() sign.Config {
	return sign.Config{
		Region: "eu-west-1",
		Bucket: "examplebucket",
		Credentials: sign.Credentials{
			AccessKeyID:     exampleAccessKeyID,
			SecretAccessKey: exampleSecretAccessKey,
		},
	}
}

func examplePost() sign.Post {
	return sign.Post{
		Key: "videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4",
		Fields: map[string]string{
			"content-type":        "video/mp4",
			"tagging":             "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>",
			"x-amz-meta-filename": "aG9saWRheS5tcDQ",
			"x-amz-meta-quota":    "10737418240",
		},
		MinSize: 1,
		MaxSize: 5 << 30,
	}
}

func newSigner(t *testing.T, config sign.Config) *sign.Signer {
	t.Helper()
	signer, err := sign.New(config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return signer
}

func presign(t *testing.T, signer *sign.Signer, post sign.Post, now time.Time, lifetime time.Duration) sign.PresignedPost {
	t.Helper()
	form, err := signer.PresignPost(post, now, lifetime)
	if err != nil {
		t.Fatalf("PresignPost: %v", err)
	}
	return form
}

// signatureOf signs a policy, given in base64, with Signature Version 4 (sigv4-authentication-HTTPPOST.html, "Calculating
// a Signature"), without the package's help.
func signatureOf(config sign.Config, policy string, now time.Time) string {
	key := []byte("AWS4" + config.Credentials.SecretAccessKey)
	for _, message := range []string{now.UTC().Format("20060102"), config.Region, "s3", "aws4_request", policy} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(message))
		key = h.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// A decodedPolicy is a POST policy with its conditions as a set.
type decodedPolicy struct {
	Expiration time.Time
	Equal      map[string]string // field name, in lower case, to value
	MinSize    int64
	MaxSize    int64
}

// decodePolicy decodes a policy in base64. It knows both spellings of an exact condition and the size range; anything
// else fails the test, as does a field with two conditions.
func decodePolicy(t *testing.T, encoded string) decodedPolicy {
	t.Helper()
	document, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatalf("decoding the policy's base64: %v", err)
	}
	var raw struct {
		Expiration time.Time
		Conditions []json.RawMessage
	}
	if err := json.Unmarshal(document, &raw); err != nil {
		t.Fatalf("decoding the policy's JSON: %v\n%s", err, document)
	}
	policy := decodedPolicy{Expiration: raw.Expiration, Equal: map[string]string{}, MinSize: -1, MaxSize: -1}
	for _, condition := range raw.Conditions {
		policy.add(t, condition)
	}
	return policy
}

func (p *decodedPolicy) add(t *testing.T, condition json.RawMessage) {
	t.Helper()
	var object map[string]string
	if json.Unmarshal(condition, &object) == nil && len(object) == 1 {
		for name, value := range object {
			p.addEqual(t, name, value)
		}
		return
	}
	var parts []any
	decoder := json.NewDecoder(bytes.NewReader(condition))
	decoder.UseNumber()
	if err := decoder.Decode(&parts); err != nil || len(parts) != 3 {
		t.Fatalf("unexpected condition %s", condition)
	}
	switch parts[0] {
	case "eq":
		name, _ := parts[1].(string)
		value, ok := parts[2].(string)
		if !ok || !strings.HasPrefix(name, "$") {
			t.Fatalf("unexpected condition %s", condition)
		}
		p.addEqual(t, name[len("$"):], value)
	case "content-length-range":
		if p.MaxSize >= 0 {
			t.Fatalf("second condition %s", condition)
		}
		p.MinSize, p.MaxSize = integer(t, parts[1]), integer(t, parts[2])
	default:
		t.Fatalf("unexpected condition %s", condition)
	}
}

func integer(t *testing.T, number any) int64 {
	t.Helper()
	n, _ := number.(json.Number)
	i, err := n.Int64()
	if err != nil {
		t.Fatalf("got %v, want an integer", number)
	}
	return i
}

func (p *decodedPolicy) addEqual(t *testing.T, name, value string) {
	t.Helper()
	name = strings.ToLower(name)
	if _, ok := p.Equal[name]; ok {
		t.Fatalf("field %s has two conditions", name)
	}
	p.Equal[name] = value
}
