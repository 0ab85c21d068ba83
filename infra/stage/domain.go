package stage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Domain is a name of the team's own, by which clients reach the API: https://<name>/api/.
type Domain struct {
	// Name is the host's name, such as "uploads.example.com". No other API of the account's region has it.
	Name string

	// Certificate is the ARN of a certificate for Name, in the stage's region, that AWS Certificate Manager has issued.
	Certificate string

	// Zone is the id of the public hosted zone of Route 53 in which the stack makes a record for Name.
	// Default: none, so the team makes a CNAME record itself. The output DomainTarget says of what.
	Zone string

	// DefaultHost reports whether API Gateway's own host still serves the API. Rules that a proxy before Name applies do not
	// hold there.
	// Default: false, so clients that use the old address are refused.
	DefaultHost bool
}

var (
	domainName = rule[string]{
		want:  `the name of a host in lower case, with a dot, such as "uploads.example.com"`,
		parse: parseDomainName,
	}
	certificate = rule[string]{
		want:  `the ARN of a certificate of AWS Certificate Manager, such as "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"`,
		parse: matching(regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:certificate/[A-Za-z0-9-]{1,64}$`)),
	}
	zone = rule[string]{
		want:  `the id of a hosted zone of Route 53, such as "Z0123456789ABCDEFGHIJ"`,
		parse: matching(regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)),
	}
)

// readDomain reads a domain, if the stage has one.
func readDomain(o *object, name string, into **Domain) {
	o.object(name, func(o *object) {
		d := &Domain{}
		readRequired(o, "name", &d.Name, domainName)
		readRequired(o, "certificate", &d.Certificate, certificate)
		read(o, "zone", &d.Zone, zone)
		read(o, "defaultHost", &d.DefaultHost, boolean)
		*into = d
	})
}

var domainLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// parseDomainName takes no wildcard: the stage's address follows from the name.
// Source: RFC 1123, section 2.1.
func parseDomainName(value any) (string, bool) {
	s, _ := value.(string)
	labels := strings.Split(s, ".")
	isLabel := func(label string) bool { return domainLabel.MatchString(label) }
	ok := len(s) <= 253 && len(labels) > 1 && !slices.ContainsFunc(labels, func(label string) bool { return !isLabel(label) }) &&
		strings.Trim(labels[len(labels)-1], "0123456789") != "" // or it would be an address
	return s, ok
}

// checkDomain returns an error if the domain's certificate is of no use to the stage.
func (s Stage) checkDomain() error {
	if s.Domain == nil || s.Domain.Certificate == "" || s.Region == "" {
		return nil
	}
	if region := strings.Split(s.Domain.Certificate, ":")[3]; region != s.Region {
		return fmt.Errorf("stages.%s.domain.certificate: must be in the stage's region, %s; got %q", s.Name, s.Region, s.Domain.Certificate)
	}
	return nil
}

// BucketOrigins returns the origins whose pages may use the bucket: AllowedOrigins, and the stage's own page if its origin is
// known. That of API Gateway's own host is not, before a deployment.
func (s Stage) BucketOrigins() []string {
	if s.Domain == nil || !s.Page || slices.Contains(s.AllowedOrigins, "*") {
		return s.AllowedOrigins
	}
	own := "https://" + s.Domain.Name
	if slices.Contains(s.AllowedOrigins, own) {
		return s.AllowedOrigins
	}
	return append(slices.Clone(s.AllowedOrigins), own)
}
