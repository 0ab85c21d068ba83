package sign_test

import (
	"strings"
	"testing"

	"postern/internal/sign"
)

func TestNewURL(t *testing.T) {
	for _, test := range []struct {
		name, region, bucket, endpoint string
		want                           string
	}{
		{"virtual-hosted", "eu-west-1", "examplebucket", "", "https://examplebucket.s3.eu-west-1.amazonaws.com"},
		{"first region", "us-east-1", "examplebucket", "", "https://examplebucket.s3.us-east-1.amazonaws.com"},
		{"China", "cn-north-1", "examplebucket", "", "https://examplebucket.s3.cn-north-1.amazonaws.com.cn"},
		{"bucket with dots", "eu-west-1", "example.bucket", "", "https://s3.eu-west-1.amazonaws.com/example.bucket"},
		{"endpoint", "eu-west-1", "examplebucket", "http://127.0.0.1:9000", "http://127.0.0.1:9000/examplebucket"},
		{"endpoint with slash", "eu-west-1", "examplebucket", "http://127.0.0.1:9000/", "http://127.0.0.1:9000/examplebucket"},
		{"endpoint with path", "eu-west-1", "examplebucket", "https://example.com/s3", "https://example.com/s3/examplebucket"},
		{"endpoint in China", "cn-north-1", "examplebucket", "https://example.com", "https://example.com/examplebucket"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := exampleConfig()
			config.Region, config.Bucket, config.Endpoint = test.region, test.bucket, test.endpoint
			form := presign(t, newSigner(t, config), examplePost(), exampleNow, exampleLifetime)
			if form.URL != test.want {
				t.Errorf("got %s, want %s", form.URL, test.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*sign.Config)
		want   string // in the error
	}{
		{"no region", func(c *sign.Config) { c.Region = "" }, "region is empty"},
		{"region with slash", func(c *sign.Config) { c.Region = "eu/west" }, `region is "eu/west": only`},
		{"region in upper case", func(c *sign.Config) { c.Region = "EU-WEST-1" }, `region is "EU-WEST-1": only`},
		{"region with a host", func(c *sign.Config) { c.Region = "x.example.com#" }, "region is"},
		{"no bucket", func(c *sign.Config) { c.Bucket = "" }, "bucket is empty"},
		{"bucket in upper case", func(c *sign.Config) { c.Bucket = "ExampleBucket" }, `bucket is "ExampleBucket": only`},
		{"bucket with slash", func(c *sign.Config) { c.Bucket = "example/bucket" }, "bucket is"},
		{"short bucket", func(c *sign.Config) { c.Bucket = "ab" }, `bucket is "ab": only 3 to 63`},
		{"long bucket", func(c *sign.Config) { c.Bucket = strings.Repeat("b", 64) }, "only 3 to 63"},
		{"no access key id", func(c *sign.Config) { c.Credentials.AccessKeyID = "" }, "access key id is empty"},
		{"access key id with slash", func(c *sign.Config) { c.Credentials.AccessKeyID = "AKIA/S" }, "access key id is malformed"},
		{"no secret access key", func(c *sign.Config) { c.Credentials.SecretAccessKey = "" }, "secret access key is empty"},
		{"token with newline", func(c *sign.Config) { c.Credentials.SessionToken = "token\n" }, "session token is malformed"},
		{"token not ASCII", func(c *sign.Config) { c.Credentials.SessionToken = "tokén" }, "session token is malformed"},
		{"endpoint without scheme", func(c *sign.Config) { c.Endpoint = "127.0.0.1:9000" }, "endpoint is not a URL"},
		{"endpoint of another scheme", func(c *sign.Config) { c.Endpoint = "ftp://s3.example.com" }, `scheme "ftp": only http and https`},
		{"endpoint without host", func(c *sign.Config) { c.Endpoint = "http:///s3" }, "endpoint has no host"},
		{"endpoint with password", func(c *sign.Config) { c.Endpoint = "http://u:p@s3.example.com" }, "more than scheme, host, port and path"},
		{"endpoint with query", func(c *sign.Config) { c.Endpoint = "http://s3.example.com?a=b" }, "more than scheme, host, port and path"},
		{"endpoint with empty query", func(c *sign.Config) { c.Endpoint = "http://s3.example.com?" }, "more than scheme, host, port and path"},
		{"endpoint with fragment", func(c *sign.Config) { c.Endpoint = "http://s3.example.com#a" }, "more than scheme, host, port and path"},
		{"endpoint with newline", func(c *sign.Config) { c.Endpoint = "http://s3.example.com\n" }, "endpoint is not a URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := exampleConfig()
			test.change(&config)
			signer, err := sign.New(config)
			if signer != nil {
				t.Error("got a signer, want none")
			}
			wantError(t, err, test.want)
			for _, secret := range []string{config.Credentials.AccessKeyID, config.Credentials.SecretAccessKey, config.Credentials.SessionToken, "u:p"} {
				if err != nil && secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("got error %q, which holds a credential", err)
				}
			}
		})
	}
}

func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want %q", part)
	}
	if !strings.Contains(err.Error(), part) {
		t.Errorf("got error %q, want %q in it", err, part)
	}
}
