package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// AuthorizerEnv is the environment of the authorizer function.
type AuthorizerEnv struct {
	// UsersTable is the name of the users table.
	UsersTable string `env:"USERS_TABLE"`
	// UploadsTable is the name of the uploads table, which has each owner's usage.
	UploadsTable string `env:"UPLOADS_TABLE"`
	// OwnerKeySecret is the ARN of the secret that holds the key of the owner hash.
	OwnerKeySecret string `env:"OWNER_KEY_SECRET"`
	// Basic reports whether the credentials of HTTP's Basic scheme are accepted.
	Basic bool `env:"BASIC"`
	// Issuers are the OpenID Providers whose tokens are accepted.
	Issuers []Issuer `env:"ISSUERS"`
	// DefaultMaxSize is the largest upload of a user whose row sets none, in bytes.
	DefaultMaxSize int64 `env:"DEFAULT_MAX_SIZE"`
	// DefaultQuota is how much a user whose row sets none may store in all, in bytes.
	DefaultQuota int64 `env:"DEFAULT_QUOTA"`
	// DefaultFileQuota is how many files a user whose row sets none may keep in all.
	DefaultFileQuota int64 `env:"DEFAULT_FILE_QUOTA"`
}

// An Issuer is an OpenID Provider, and what it says of its users. A claim is named as the token has it, or by the path of a
// member of an object, with dots: "realm_access.roles".
type Issuer struct {
	// Issuer is the provider's issuer identifier, a URL, exactly as its tokens and its discovery document have it.
	Issuer string `json:"issuer"`
	// Audience is whom a token must be for: a member of aud. An access token of Cognito has no aud, but client_id.
	Audience string `json:"audience"`
	// Mail is the claim with the mail that names a user, if email_verified is true as well. If empty, issuer and subject name
	// the user.
	Mail string `json:"mail,omitempty"`
	// Subject is the claim that names a user at the issuer. If empty, sub.
	Subject string `json:"subject,omitempty"`
	// Roles says who is a service.
	Roles RoleClaim `json:"roles,omitzero"`
}

// A RoleClaim says which claim gives a user another role than that of a plain user.
type RoleClaim struct {
	// Claim is the claim: a string, or a list of strings. If empty, everybody is a plain user.
	Claim string `json:"claim,omitempty"`
	// Service is the value of the claim, or among its values, that makes a service.
	Service string `json:"service,omitempty"`
}

// PresignEnv is the environment of the presign function.
type PresignEnv struct {
	// Bucket is the name of the bucket that uploads go to.
	Bucket string `env:"BUCKET"`
	// Lifetime is how long a signature is valid.
	Lifetime time.Duration `env:"SIGNATURE_LIFETIME"`
	// Folders is the stage's format table.
	Folders Folders `env:"FOLDERS"`
	// Throttle bounds what one caller may ask.
	Throttle Throttle `env:"THROTTLE"`
}

// A Throttle bounds the requests that one caller sends to a process of a function, as token buckets: a rate a second in the
// long run, and a burst at once. All are at least 1.
type Throttle struct {
	// OwnerRate and OwnerBurst bound the requests on behalf of one owner.
	OwnerRate  int64 `json:"ownerRate"`
	OwnerBurst int64 `json:"ownerBurst"`
	// ServiceRate and ServiceBurst bound the requests of a service on behalf of all others.
	ServiceRate  int64 `json:"serviceRate"`
	ServiceBurst int64 `json:"serviceBurst"`
}

// ManageEnv is the environment of the manage function.
type ManageEnv struct {
	// Bucket is the name of the bucket that uploads go to.
	Bucket string `env:"BUCKET"`
	// UploadsTable is the name of the uploads table.
	UploadsTable string `env:"UPLOADS_TABLE"`
	// UsersTable is the name of the users table, which has the keys for scripts.
	UsersTable string `env:"USERS_TABLE"`
	// QueueURL is the URL of the queue of objects to inspect.
	QueueURL string `env:"QUEUE_URL"`
	// Lifetime is how long the signature of an upload is valid.
	Lifetime time.Duration `env:"SIGNATURE_LIFETIME"`
	// Folders is the stage's format table.
	Folders Folders `env:"FOLDERS"`
	// Throttle bounds what one caller may ask.
	Throttle Throttle `env:"THROTTLE"`
}

// SiteEnv is the environment of the site function.
type SiteEnv struct {
	// Bucket is the name of the bucket, to which the page sends files and from which it shows them.
	Bucket string `env:"BUCKET"`
	// SignIn says how people sign in on the page.
	SignIn SignIn `env:"SIGN_IN"`
}

// A SignIn says how people sign in on the page, where anybody may read it.
type SignIn struct {
	// Basic reports whether the page asks for a mail and a password.
	Basic bool `json:"basic"`
	// Provider is the OpenID Provider that signs people in. If nil, none does.
	Provider *Provider `json:"provider,omitempty"`
}

// A Provider is an OpenID Provider, of which the page is a public client: authorization code with PKCE, and no secret.
type Provider struct {
	// Issuer is the provider's issuer identifier, a URL.
	Issuer string `json:"issuer"`
	// ClientID is what the provider calls the page.
	ClientID string `json:"clientId"`
	// Scope is what the page asks for, with blanks between.
	Scope string `json:"scope"`
	// Audience is whom the access token must be for, which the page then sends to the API. If empty, it sends the ID token.
	Audience string `json:"audience,omitempty"`
	// Origin is where the provider gives tokens, if that is not the origin of Issuer.
	Origin string `json:"origin,omitempty"`
}

// ReconcileMessage is the message that has the inspect function go through the bucket, from the first folder on.
const ReconcileMessage = `{"Records":[{"eventSource":"postern","eventName":"Reconcile"}]}`

// InspectEnv is the environment of the inspect function.
type InspectEnv struct {
	// Bucket is the name of the bucket that uploads go to.
	Bucket string `env:"BUCKET"`
	// UploadsTable is the name of the uploads table.
	UploadsTable string `env:"UPLOADS_TABLE"`
	// QueueURL is the URL of the queue of what is to be inspected.
	QueueURL string `env:"QUEUE_URL"`
	// EventBus is the name or the ARN of the bus to which events of uploads are published.
	EventBus string `env:"EVENT_BUS"`
	// OwnerKeySecret is the ARN of the secret that holds the key of the owner hash.
	OwnerKeySecret string `env:"OWNER_KEY_SECRET"`
	// Folders is the stage's format table.
	Folders Folders `env:"FOLDERS"`
	// Inspection says how content is judged.
	Inspection Inspection `env:"INSPECTION"`
}

// An Inspection says how the content of uploads is judged.
type Inspection struct {
	// Exact reports whether content must be of the format that its name says. Otherwise it may be a sibling: a QuickTime
	// recording named mp4, or a JPEG named png.
	Exact bool `json:"exact,omitempty"`
	// MaxEntries is how many entries an archive may have.
	MaxEntries int64 `json:"maxEntries"`
	// MaxUnpacked is how large an archive may become when it is unpacked, in bytes.
	MaxUnpacked int64 `json:"maxUnpacked"`
	// MaxRatio is how many times larger than the archive that may be.
	MaxRatio int64 `json:"maxRatio"`
	// MaxPixels is how many pixels a picture may have.
	MaxPixels int64 `json:"maxPixels"`
}

// RuntimeEnv is what Lambda puts into every function's environment: where it runs, and the temporary credentials of its
// role. They do not change while the process lives.
// See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
type RuntimeEnv struct {
	// Region is the AWS region.
	Region string `env:"AWS_REGION"`

	AccessKeyID     string `env:"AWS_ACCESS_KEY_ID"`
	SecretAccessKey string `env:"AWS_SECRET_ACCESS_KEY"`
	SessionToken    string `env:"AWS_SESSION_TOKEN"`
}

// Env returns a function's environment struct as environment variables: strings as they are, integers in decimal,
// durations as time.Duration prints them, everything else as JSON. FromEnv reads it back.
func Env(environment any) (map[string]string, error) {
	v := reflect.ValueOf(environment)
	vars := make(map[string]string, v.NumField())
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("env")
		value, err := encode(v.Field(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("encoding environment variable %s: %w", name, err)
		}
		vars[name] = value
	}
	return vars, nil
}

// FromEnv reads a function's environment struct from variables, as os.LookupEnv gives them. Its error names each variable
// that is missing, empty or malformed, and no value.
func FromEnv[T any](lookup func(string) (string, bool)) (T, error) {
	var environment T
	v := reflect.ValueOf(&environment).Elem()
	var errs []error
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("env")
		value, _ := lookup(name)
		if value == "" {
			errs = append(errs, fmt.Errorf("environment variable %s is not set", name))
			continue
		}
		if err := decode(value, v.Field(i).Addr().Interface()); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s is malformed", name))
		}
	}
	return environment, errors.Join(errs...)
}

func encode(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case int64:
		return strconv.FormatInt(value, 10), nil
	case time.Duration:
		return value.String(), nil
	default:
		b, err := json.Marshal(value)
		return string(b), err
	}
}

func decode(s string, field any) (err error) {
	switch field := field.(type) {
	case *string:
		*field = s
	case *int64:
		*field, err = strconv.ParseInt(s, 10, 64)
	case *time.Duration:
		*field, err = time.ParseDuration(s)
	default:
		err = json.Unmarshal([]byte(s), field)
	}
	return err
}
