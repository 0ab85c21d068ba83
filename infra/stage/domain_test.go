package stage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	aCertificate = `"arn:aws:acm:eu-central-1:123456789012:certificate/1a-2b"`
	domainNames  = `the name of a host in lower case, with a dot, such as "uploads.example.com"`
	certificates = `the ARN of a certificate of AWS Certificate Manager, such as "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"`
	zones        = `the id of a hosted zone of Route 53, such as "Z0123456789ABCDEFGHIJ"`
)

// domain is a stage with a domain of this JSON.
func domain(members string) string { return `{"dev": {"domain": {` + members + `}}}` }

func TestDomainNames(t *testing.T) {
	for name, allowed := range map[string]bool{
		"uploads.example.com":             true,
		"a.io":                            true,
		"xn--bcher-kva.example":           true,
		strings.Repeat("a", 63) + ".com":  true,
		"":                                false,
		"localhost":                       false,
		"Uploads.example.com":             false,
		"https://uploads.example.com":     false,
		"uploads.example.com/api":         false,
		"uploads.example.com.":            false,
		"*.example.com":                   false,
		"-a.example.com":                  false,
		"a_b.example.com":                 false,
		"192.0.2.1":                       false,
		strings.Repeat("a", 64) + ".com":  false,
		strings.Repeat("a.", 127) + "com": false,
	} {
		_, err := parse(t, domain(fmt.Sprintf(`"name": %q, "certificate": %s`, name, aCertificate)))
		if (err == nil) != allowed {
			t.Errorf("%q: got %v, want it allowed: %v", name, err, allowed)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("stages.dev.domain.name: must be %s; got %q", domainNames, name)) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestDomainMistakes(t *testing.T) {
	const name = `"name": "uploads.example.com", `
	for test, c := range map[string]struct{ context, want string }{
		"no object":      {`{"dev": {"domain": "uploads.example.com"}}`, `domain: must be an object; got "uploads.example.com"`},
		"no name":        {domain(`"certificate": ` + aCertificate), `domain.name: must be ` + domainNames + `; got nothing`},
		"no certificate": {domain(`"name": "a.io"`), `domain.certificate: must be ` + certificates + `; got nothing`},
		"not of ACM":     {domain(name + `"certificate": "arn:aws:iam::123456789012:server-certificate/a"`), `domain.certificate: must be ` + certificates + `; got "arn:aws:iam::123456789012:server-certificate/a"`},
		"zone by name":   {domain(name + `"zone": "example.com", "certificate": ` + aCertificate), `domain.zone: must be ` + zones + `; got "example.com"`},
		"host in words":  {domain(name + `"defaultHost": "no", "certificate": ` + aCertificate), `domain.defaultHost: must be true or false; got "no"`},
		"unknown field":  {domain(name + `"path": "/", "certificate": ` + aCertificate), `domain.path: unknown field; must be one of name, certificate, zone, defaultHost`},
		"elsewhere": {
			`{"dev": {"region": "eu-west-1", "domain": {` + name + `"certificate": ` + aCertificate + `}}}`,
			`domain.certificate: must be in the stage's region, eu-west-1; got ` + aCertificate,
		},
	} {
		_, err := parse(t, c.context)
		if diff := cmp.Diff(fmt.Sprint(err), "stages.dev."+c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", test, diff)
		}
	}
}

// TestBucketOrigins: the stage's own page sends to the bucket, and no other does that the stage does not name.
func TestBucketOrigins(t *testing.T) {
	const own = `, "domain": {"name": "uploads.example.com", "certificate": ` + aCertificate + `}`
	for given, want := range map[string][]string{
		`"allowedOrigins": ["https://app.example.com"]`:                                      {"https://app.example.com"},
		`"allowedOrigins": []` + own:                                                         {"https://uploads.example.com"},
		`"allowedOrigins": ["https://app.example.com"]` + own:                                {"https://app.example.com", "https://uploads.example.com"},
		`"allowedOrigins": ["https://uploads.example.com", "https://app.example.com"]` + own: {"https://uploads.example.com", "https://app.example.com"},
		`"allowedOrigins": ["*"]` + own:                                                      {"*"},
		`"page": false, "allowedOrigins": ["https://app.example.com"]` + own:                 {"https://app.example.com"},
	} {
		stages, err := parse(t, `{"dev": {`+given+`}}`)
		if diff := cmp.Diff(stages["dev"].BucketOrigins(), want); err != nil || diff != "" {
			t.Errorf("%s: %v (-got +want):\n%s", given, err, diff)
		}
	}
}
