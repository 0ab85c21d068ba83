// Package stage reads the stages of the deployment from the context of cdk.json: typed, with defaults, and validated.
// The error for a mistake names its path, the value, and what it must be.
package stage

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"postern/api"
	"postern/internal/contract"
)

// Local is the name of the stage that is served on this machine and never deployed.
const Local = "local"

// A Stage is one deployment of the stack. Its fields are those of an object below context.stages in cdk.json, in camel
// case, all optional.
type Stage struct {
	// Name is the key below context.stages.
	Name string

	// Region is the AWS region of the stack.
	// Default: the region of the AWS profile that deploys.
	Region string

	// AllowedOrigins are the web origins whose pages may use the bucket: "*", or scheme://host[:port] as browsers and apps
	// with a web view send it. The first label of a host may be "*".
	// Default: none, so no page can.
	AllowedOrigins []string

	// Domain is a name of the team's own for the API.
	// Default: nil, API Gateway's own host alone.
	Domain *Domain

	// Folders is the format table: what may be uploaded, where to, how large. In cdk.json it is a JSON merge patch of the
	// default table (RFC 7396): what is given is added or changed, null removes.
	// Default: DefaultFolders.
	Folders contract.Folders

	// Content says whether an upload must be of the format that its name says.
	// Default: Siblings.
	Content Content

	// Archives bounds what ZIP and Office files may become when they are unpacked.
	// Default: the defaults of its fields.
	Archives Archives

	// MaxPixels is how many pixels a picture may have.
	// Default: 300,000,000. Phones have cameras of 200 million.
	MaxPixels int

	// SignatureLifetime is how long a form or URL can be used, 2 to 60 minutes, written as "15m".
	// Default: 15 minutes.
	SignatureLifetime time.Duration

	// DefaultMaxSize is the largest upload of a user whose row sets none, in bytes or as "5 GiB".
	// Default: 50 GiB.
	DefaultMaxSize int64

	// DefaultQuota is how much a user whose row sets none may keep in all, in bytes or as "5 GiB".
	// Default: 100 GiB.
	DefaultQuota int64

	// DefaultFileQuota is how many files a user whose row sets none may keep in all, 1 to api.MaxFiles.
	// Default: 100,000.
	DefaultFileQuota int

	// Removal says what becomes of bucket, tables, secret and logs when the stack or one of them goes.
	// Default: Retain.
	Removal Removal

	// Retention says when the bucket drops what nobody needs.
	// Default: the defaults of its fields.
	Retention Retention

	// InspectConcurrency is how many functions inspect at once, at most, 2 to 1,000. They are taken from the concurrent
	// executions of the account, which its other functions need as well: those that answer callers among them.
	// Source: Lambda Developer Guide, "Configuring maximum concurrency for Amazon SQS event sources".
	// Default: 50.
	InspectConcurrency int

	// Basic reports whether callers may sign in with the Basic scheme: a mail and a password with each request. Without it,
	// they need a token of one of Issuers.
	// Default: true.
	Basic bool

	// Issuers are the OpenID Providers whose tokens callers may present with the Bearer scheme. In cdk.json each is an object
	// of issuer, audience and, if need be, mail, subject and roles, which is an object of claim and service.
	// Source: OpenID Connect Core 1.0, section 3.1.3.7.
	// Default: none.
	Issuers []contract.Issuer

	// Provider is that of Issuers where the page signs people in. In cdk.json it is the field page of one of them, an object of
	// clientId and, if need be, scope and origin.
	// Default: nil, the page asks for a password.
	Provider *contract.Provider

	// AuthorizerConcurrency is how many authorizers run at once, at most, 1 to 1,000. They are reserved, that is taken from
	// the concurrent executions that the account's other functions share. Requests beyond are answered 503.
	// Source: Lambda Developer Guide, "Configuring reserved concurrency for a function".
	// Default: 0, as many as the account has.
	AuthorizerConcurrency int

	// PresignConcurrency is the same for the function that signs. Signing takes milliseconds, so few are enough.
	// Default: 0, as many as the account has.
	PresignConcurrency int

	// Throttle bounds the requests to each method of the API, all callers together, and those of each caller.
	// Default: the defaults of its fields.
	Throttle Throttle

	// Traffic is what is expected of a month, for the cost that a review tells. It bounds nothing.
	// Default: the defaults of its fields.
	Traffic Traffic

	// WAF says whether AWS WAF stands before the API.
	// Default: NoWAF.
	WAF WAF

	// Tracing reports whether X-Ray traces invocations of the functions: one a second of the account, and of the rest a part.
	// Default: true.
	Tracing bool

	// MethodMetrics reports whether API Gateway counts the requests to each method apart: five metrics of each, which cost. The
	// API's own metrics, which alarms and dashboard use, are free.
	// Default: false.
	MethodMetrics bool

	// LogAddresses reports whether the access log has the callers' network addresses, which are personal data.
	// Default: false.
	LogAddresses bool

	// ObjectLog reports whether S3 logs each request to the uploads bucket, into a bucket of its own, for LogRetentionDays. The
	// lines hold network addresses, names of downloaded files, and signatures.
	// Default: false.
	ObjectLog bool

	// Backup says whether AWS Backup keeps copies of the tables, besides their point-in-time recovery of 35 days.
	// Default: nil, it keeps none.
	Backup *Backup

	// AlarmTopic is the ARN of an SNS topic, in the stage's region, that each alarm notifies when it begins and when it ends.
	// The topic's policy must let CloudWatch publish, and so must the policy of its key, if it has one.
	// Default: none, see AlarmMail.
	AlarmTopic string

	// AlarmMail is the address that each alarm notifies, by a topic that the stack makes. SNS asks the address first. It
	// excludes AlarmTopic.
	// Default: none, so alarms tell nobody who does not look.
	AlarmMail string

	// Page reports whether the API serves the page, the client module and its own document, to anybody.
	// Default: true.
	Page bool

	// LogRetentionDays is how long logs are kept: one of the numbers of days that CloudWatch Logs has.
	// Default: 30.
	LogRetentionDays int

	// Tags are put on every resource, besides or instead of the default ones.
	// Default: project=postern, stage=<name>.
	Tags map[string]string

	// APIGatewayLogRole says who brings the role that API Gateway writes logs with, one an account and region.
	// Default: CreateLogRole.
	APIGatewayLogRole LogRole
}

// A Removal says what becomes of data.
type Removal string

// The removals.
const (
	Retain  Removal = "retain"  // data stays, and the stack is protected against its deletion
	Destroy Removal = "destroy" // data goes with the stack; a bucket must be emptied first
)

// A WAF says what AWS WAF does before the API. It costs a few dollars a month, and by requests.
type WAF string

// The kinds of WAF.
const (
	NoWAF   WAF = "off"
	RateWAF WAF = "rate" // an address may send half of what Throttle.Rate lets all together send to a method
	// ManagedWAF is RateWAF, and two groups of rules of AWS: what is known to exploit servers, and what is commonly bad.
	ManagedWAF WAF = "managed"
)

// A Content says how close the content of an upload must be to its name.
type Content string

// The contents.
const (
	Siblings Content = "siblings" // a recording or a picture may have another one's name: a QuickTime file named mp4
	Exact    Content = "exact"    // every file is of the format that its name says
)

// Archives bounds archives by what their directories tell.
// Source: OWASP ASVS 5.0, V5.2.3.
type Archives struct {
	// MaxEntries is how many entries an archive may have.
	// Default: 10,000.
	MaxEntries int

	// MaxUnpacked is how large an archive may become when it is unpacked, in bytes or as "5 GiB".
	// Default: 10 GiB.
	MaxUnpacked int64

	// MaxRatio is how many times larger than itself an archive may become. Below 1 MiB it does not matter.
	// Default: 200.
	MaxRatio int
}

// A LogRole says who brings the account-wide role of API Gateway.
type LogRole string

// The log roles.
const (
	CreateLogRole   LogRole = "create"   // the stack makes it, and it outlives the stack
	ExistingLogRole LogRole = "existing" // the account has one
)

// Retention is how many days the bucket keeps what nobody needs.
type Retention struct {
	// RejectedDays is how long a rejected upload stays readable to operators.
	// Default: 7.
	RejectedDays int

	// NoncurrentDays is how long older versions are kept. At least 15: a replayed form makes a good version noncurrent
	// until it is inspected, and the message that asks for it can wait 14 days in a dead-letter queue.
	// Default: 30.
	NoncurrentDays int

	// IncompleteMultipartDays is how long the parts of a multipart upload wait for its completion. At most 7: one that is
	// completed after its upload was deleted must still find the tombstone, which is kept for 22 days.
	// Default: 3, long enough to resume after a weekend.
	IncompleteMultipartDays int
}

// Backup says how long AWS Backup keeps the copies of the tables that it makes each night.
type Backup struct {
	// Days is how long a copy is kept, 1 to 3,650. Each is a whole one.
	Days int
}

// Throttle bounds requests by token buckets. API Gateway has the one of each method, which all callers share. The functions
// have those of a caller, in the memory of each of their processes: requests that reach several processes at once pass up to
// so many times as often.
// Source: API Gateway Developer Guide, "Throttle requests to your REST APIs".
type Throttle struct {
	// Rate is how many requests a second pass in the long run.
	// Default: 50.
	Rate int

	// Burst is how many requests pass at once.
	// Default: 100.
	Burst int

	// OwnerRate and OwnerBurst are the same for what one caller asks on behalf of one owner, as a rule of itself.
	// Default: 20 and 50.
	OwnerRate, OwnerBurst int

	// ServiceRate and ServiceBurst are the same for all that one service asks on behalf of others.
	// Default: 40 and 80.
	ServiceRate, ServiceBurst int
}

// Traffic is what a stage expects.
type Traffic struct {
	// UploadsPerMonth is how many files arrive in a month, up to a billion.
	// Default: 100,000.
	UploadsPerMonth int

	// AverageSize is the size of one of them, in bytes or as "10 MiB".
	// Default: 10 MiB.
	AverageSize int64
}

// Stages are stages by name.
type Stages map[string]Stage

var stageName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// Parse reads the value of context "stages", as TryGetContext returns it: a map of objects. The error has a line for each
// mistake.
func Parse(context any) (Stages, error) {
	all, ok := context.(map[string]any)
	if !ok || len(all) == 0 {
		return nil, fmt.Errorf("stages: must be an object with a member for each stage; got %s", show(context))
	}
	stages := make(Stages, len(all))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		path := "stages." + name
		if !stageName.MatchString(name) {
			errs = append(errs, fmt.Errorf("%s: the name must be 1 to 32 of a-z, 0-9 and -, a letter first; got %q", path, name))
			continue
		}
		s := defaults(name)
		readObject(path, all[name], &errs, s.read)
		for _, err := range []error{s.checkAlarms(), s.checkDomain()} {
			if err != nil {
				errs = append(errs, err)
			}
		}
		stages[name] = *s
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return stages, nil
}

// Names returns the stages' names, sorted.
func (s Stages) Names() []string {
	return slices.Sorted(maps.Keys(s))
}

// Lookup returns a stage by name. The error for an unknown name lists the known ones.
func (s Stages) Lookup(name string) (Stage, error) {
	stage, ok := s[name]
	if !ok {
		return Stage{}, fmt.Errorf("unknown stage %q; stages in cdk.json: %s", name, strings.Join(s.Names(), ", "))
	}
	return stage, nil
}

// Deployed returns the stages that can be deployed, sorted by name: all but Local.
func (s Stages) Deployed() []Stage {
	var deployed []Stage
	for _, name := range s.Names() {
		if name != Local {
			deployed = append(deployed, s[name])
		}
	}
	return deployed
}

// placeholder is the origin that cdk.json has until a team writes its own.
const placeholder = "https://app.example.com"

// Warnings returns what a stage that keeps its data should not have, a line each.
func (s Stage) Warnings() []string {
	var warnings []string
	if !s.Basic && len(s.Issuers) == 0 {
		warnings = append(warnings, fmt.Sprintf("stages.%s.basic: false refuses every caller: without issuers there is no other way to sign in", s.Name))
	}
	if s.Page && !s.Basic && len(s.Issuers) > 0 && s.Provider == nil {
		warnings = append(warnings, fmt.Sprintf("stages.%s.issuers: nobody can sign in on the page: give one of them a page, with its clientId, or leave it out by page: false", s.Name))
	}
	for _, origin := range s.AllowedOrigins {
		switch {
		case s.Removal != Retain:
		case origin == "*":
			warnings = append(warnings, fmt.Sprintf(`stages.%s.allowedOrigins: "*" lets every web page read and write what is signed for its visitor: list your own origins`, s.Name))
		case origin == placeholder:
			warnings = append(warnings, fmt.Sprintf("stages.%s.allowedOrigins: %q is a placeholder: list your own origins", s.Name, origin))
		}
	}
	if highest := max(s.Throttle.OwnerRate, s.Throttle.ServiceRate); s.Removal == Retain && highest >= s.Throttle.Rate {
		warnings = append(warnings, fmt.Sprintf("stages.%s.throttle: one caller may send %d requests a second, and all together %d: ownerRate and serviceRate should be below rate", s.Name, highest, s.Throttle.Rate))
	}
	if s.Removal == Retain && s.AlarmTopic == "" && s.AlarmMail == "" {
		warnings = append(warnings, fmt.Sprintf("stages.%s.alarmMail: alarms tell nobody: give an address, or a topic as alarmTopic", s.Name))
	}
	return warnings
}

// checkAlarms returns an error if the stage has two ways to tell of alarms, or a topic that its alarms cannot reach.
func (s Stage) checkAlarms() error {
	switch {
	case s.AlarmTopic == "":
		return nil
	case s.AlarmMail != "":
		return fmt.Errorf("stages.%s: must have alarmTopic or alarmMail, not both; got %q and %q", s.Name, s.AlarmTopic, s.AlarmMail)
	}
	if region := strings.Split(s.AlarmTopic, ":")[3]; s.Region != "" && s.Region != region {
		return fmt.Errorf("stages.%s.alarmTopic: must be in the stage's region, %s; got %q", s.Name, s.Region, s.AlarmTopic)
	}
	return nil
}

func defaults(name string) *Stage {
	return &Stage{
		Name:               name,
		AllowedOrigins:     []string{},
		Folders:            DefaultFolders(),
		Content:            Siblings,
		Archives:           Archives{MaxEntries: 10_000, MaxUnpacked: 10 * gib, MaxRatio: 200},
		MaxPixels:          300_000_000,
		SignatureLifetime:  15 * time.Minute,
		DefaultMaxSize:     50 * gib,
		DefaultQuota:       100 * gib,
		DefaultFileQuota:   100_000,
		Removal:            Retain,
		Retention:          Retention{RejectedDays: 7, NoncurrentDays: 30, IncompleteMultipartDays: 3},
		InspectConcurrency: 50,
		Basic:              true,
		Issuers:            []contract.Issuer{},
		Throttle:           Throttle{Rate: 50, Burst: 100, OwnerRate: 20, OwnerBurst: 50, ServiceRate: 40, ServiceBurst: 80},
		Traffic:            Traffic{UploadsPerMonth: 100_000, AverageSize: 10 * mib},
		Page:               true,
		WAF:                NoWAF,
		Tracing:            true,
		LogRetentionDays:   30,
		Tags:               map[string]string{"project": "postern", "stage": name},
		APIGatewayLogRole:  CreateLogRole,
	}
}

func (s *Stage) read(o *object) {
	read(o, "region", &s.Region, region)
	read(o, "allowedOrigins", &s.AllowedOrigins, origins)
	readDomain(o, "domain", &s.Domain)
	readFolders(o, "folders", &s.Folders)
	read(o, "content", &s.Content, oneOf(Siblings, Exact))
	o.object("archives", func(o *object) {
		read(o, "maxEntries", &s.Archives.MaxEntries, integer(1, 1_000_000))
		read(o, "maxUnpacked", &s.Archives.MaxUnpacked, size)
		read(o, "maxRatio", &s.Archives.MaxRatio, integer(1, 1_000_000))
	})
	read(o, "maxPixels", &s.MaxPixels, integer(1, 1_000_000_000_000))
	read(o, "signatureLifetime", &s.SignatureLifetime, lifetime)
	read(o, "defaultMaxSize", &s.DefaultMaxSize, size)
	read(o, "defaultQuota", &s.DefaultQuota, size)
	read(o, "defaultFileQuota", &s.DefaultFileQuota, integer(1, api.MaxFiles))
	read(o, "removal", &s.Removal, oneOf(Retain, Destroy))
	o.object("retention", func(o *object) {
		read(o, "rejectedDays", &s.Retention.RejectedDays, integer(1, 3650))
		read(o, "noncurrentDays", &s.Retention.NoncurrentDays, integer(15, 3650))
		read(o, "incompleteMultipartDays", &s.Retention.IncompleteMultipartDays, integer(1, 7))
	})
	read(o, "inspectConcurrency", &s.InspectConcurrency, integer(2, 1000))
	read(o, "basic", &s.Basic, boolean)
	readIssuers(o, "issuers", s.Name == Local, &s.Issuers, &s.Provider)
	read(o, "authorizerConcurrency", &s.AuthorizerConcurrency, integer(1, 1000))
	read(o, "presignConcurrency", &s.PresignConcurrency, integer(1, 1000))
	o.object("throttle", func(o *object) {
		read(o, "rate", &s.Throttle.Rate, integer(1, 10000))
		read(o, "burst", &s.Throttle.Burst, integer(1, 10000))
		read(o, "ownerRate", &s.Throttle.OwnerRate, integer(1, 10000))
		read(o, "ownerBurst", &s.Throttle.OwnerBurst, integer(1, 10000))
		read(o, "serviceRate", &s.Throttle.ServiceRate, integer(1, 10000))
		read(o, "serviceBurst", &s.Throttle.ServiceBurst, integer(1, 10000))
	})
	o.object("traffic", func(o *object) {
		read(o, "uploadsPerMonth", &s.Traffic.UploadsPerMonth, integer(1, 1_000_000_000))
		read(o, "averageSize", &s.Traffic.AverageSize, size)
	})
	read(o, "waf", &s.WAF, oneOf(NoWAF, RateWAF, ManagedWAF))
	read(o, "tracing", &s.Tracing, boolean)
	read(o, "methodMetrics", &s.MethodMetrics, boolean)
	read(o, "logAddresses", &s.LogAddresses, boolean)
	read(o, "objectLog", &s.ObjectLog, boolean)
	o.object("backup", func(o *object) {
		s.Backup = &Backup{}
		readRequired(o, "days", &s.Backup.Days, integer(1, 3650))
	})
	read(o, "alarmTopic", &s.AlarmTopic, topic)
	read(o, "alarmMail", &s.AlarmMail, mail)
	read(o, "page", &s.Page, boolean)
	read(o, "logRetentionDays", &s.LogRetentionDays, logDays)
	read(o, "apiGatewayLogRole", &s.APIGatewayLogRole, oneOf(CreateLogRole, ExistingLogRole))

	given := map[string]string{}
	read(o, "tags", &given, tags)
	maps.Copy(s.Tags, given)
}

// CallerThrottle returns what the functions need to know of how one caller is bounded.
func (s Stage) CallerThrottle() contract.Throttle {
	return contract.Throttle{
		OwnerRate: int64(s.Throttle.OwnerRate), OwnerBurst: int64(s.Throttle.OwnerBurst),
		ServiceRate: int64(s.Throttle.ServiceRate), ServiceBurst: int64(s.Throttle.ServiceBurst),
	}
}

// SignIn returns what the page needs to know of who may sign in.
func (s Stage) SignIn() contract.SignIn {
	return contract.SignIn{Basic: s.Basic, Provider: s.Provider}
}

// Inspection returns what the functions need to know of how content is judged.
func (s Stage) Inspection() contract.Inspection {
	return contract.Inspection{
		Exact:       s.Content == Exact,
		MaxEntries:  int64(s.Archives.MaxEntries),
		MaxUnpacked: s.Archives.MaxUnpacked,
		MaxRatio:    int64(s.Archives.MaxRatio),
		MaxPixels:   int64(s.MaxPixels),
	}
}
