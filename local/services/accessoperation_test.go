package services_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/services"
)

// unchecked are the store's operations that are open to everyone, and why.
var unchecked = map[string]string{
	"String":             "it names the kind of store",
	"Shutdown":           "it is the server's own: no request leads to it",
	"NormalizeObjectKey": "it computes and looks at nothing; the checks need it",
}

// unasked are those that are checked only for who asks for the setting, and for what the server reads them otherwise.
var unasked = map[string]string{
	"GetBucketAcl":               "whose the bucket is, before every operation in it",
	"GetBucketCors":              "the headers of every answer to a browser",
	"GetBucketOwnershipControls": "whether a request may set an ACL",
	"GetBucketPolicy":            "whether the bucket is public, before every operation in it",
	"GetBucketVersioning":        "what a deletion and a lock mean",
	"GetObjectLegalHold":         "whether an object may be deleted or replaced",
	"GetObjectLockConfiguration": "whether an object may be deleted or replaced",
	"GetObjectRetention":         "whether an object may be deleted or replaced",
}

// settings are the names of the subresources that they are asked for by.
var settings = []string{"acl", "cors", "legal-hold", "object-lock", "ownershipControls", "policy", "policyStatus", "retention", "versioning"}

// TestOperationsAreChecked calls every operation that a store has for callers without any right.
func TestOperationsAreChecked(t *testing.T) {
	r := newRight(t, nil, "")
	own := maps.Clone(unchecked)
	maps.Copy(own, unasked)
	for _, test := range []struct {
		name string
		ctx  context.Context
		open map[string]string
	}{
		{"a role without a right", services.RequestForTest(t.Context(), r.accessKey, settings...), unchecked},
		{"a signer whom nobody knows", services.RequestForTest(t.Context(), "ASIAUNKNOWN", settings...), unchecked},
		{"a request of which nothing is known", t.Context(), unchecked},
		{"a request that asks for no setting", services.RequestForTest(t.Context(), r.accessKey), own},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, name := range operations() {
				if !r.denied(test.ctx, name, nil) {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(got, slices.Sorted(maps.Keys(test.open))); diff != "" {
				t.Errorf("not answered with AccessDenied alone (-got +want):\n%s", diff)
			}
		})
	}
}

const objectARN = bucketARN + "/" + key

var (
	versioned = fields{"VersionId": "1"}
	locked    = fields{"Tagging": "status=pending", "ObjectLockMode": "GOVERNANCE", "ObjectLockLegalHoldStatus": "ON"}
)

// needs are the actions that each operation needs, on which resource.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
var needs = []struct {
	operation string // and the parameter of its query
	fields    fields
	resource  string
	actions   string
}{
	{"ListBuckets", nil, "*", "s3:ListAllMyBuckets"},
	{"HeadBucket", nil, bucketARN, "s3:ListBucket"},
	{"CreateBucket", nil, bucketARN, "s3:CreateBucket"},
	{"DeleteBucket", nil, bucketARN, "s3:DeleteBucket"},
	{"ListObjects", nil, bucketARN, "s3:ListBucket"},
	{"ListObjectsV2", nil, bucketARN, "s3:ListBucket"},
	{"ListObjectVersions", nil, bucketARN, "s3:ListBucketVersions"},
	{"ListMultipartUploads", nil, bucketARN, "s3:ListBucketMultipartUploads"},

	{"GetBucketAcl?acl", nil, bucketARN, "s3:GetBucketAcl"},
	{"PutBucketAcl", nil, bucketARN, "s3:PutBucketAcl"},
	{"GetBucketVersioning?versioning", nil, bucketARN, "s3:GetBucketVersioning"},
	{"PutBucketVersioning", nil, bucketARN, "s3:PutBucketVersioning"},
	{"GetBucketPolicy?policy", nil, bucketARN, "s3:GetBucketPolicy"},
	{"GetBucketPolicy?policyStatus", nil, bucketARN, "s3:GetBucketPolicyStatus"},
	{"PutBucketPolicy", nil, bucketARN, "s3:PutBucketPolicy"},
	{"DeleteBucketPolicy", nil, bucketARN, "s3:DeleteBucketPolicy"},
	{"GetBucketOwnershipControls?ownershipControls", nil, bucketARN, "s3:GetBucketOwnershipControls"},
	{"PutBucketOwnershipControls", nil, bucketARN, "s3:PutBucketOwnershipControls"},
	{"DeleteBucketOwnershipControls", nil, bucketARN, "s3:PutBucketOwnershipControls"},
	{"GetBucketCors?cors", nil, bucketARN, "s3:GetBucketCORS"},
	{"PutBucketCors", nil, bucketARN, "s3:PutBucketCORS"},
	{"DeleteBucketCors", nil, bucketARN, "s3:PutBucketCORS"},
	{"GetBucketWebsite", nil, bucketARN, "s3:GetBucketWebsite"},
	{"PutBucketWebsite", nil, bucketARN, "s3:PutBucketWebsite"},
	{"DeleteBucketWebsite", nil, bucketARN, "s3:DeleteBucketWebsite"},
	{"GetBucketTagging", nil, bucketARN, "s3:GetBucketTagging"},
	{"PutBucketTagging", nil, bucketARN, "s3:PutBucketTagging"},
	{"DeleteBucketTagging", nil, bucketARN, "s3:PutBucketTagging"},
	{"GetObjectLockConfiguration?object-lock", nil, bucketARN, "s3:GetBucketObjectLockConfiguration"},
	{"PutObjectLockConfiguration", nil, bucketARN, "s3:PutBucketObjectLockConfiguration"},
	{"ChangeBucketOwner", nil, "*", "local:ChangeBucketOwner"},
	{"ListBucketsAndOwners", nil, "*", "local:ListBucketsAndOwners"},

	{"CreateMultipartUpload", nil, objectARN, "s3:PutObject"},
	{"CreateMultipartUpload", locked, objectARN, "s3:PutObject s3:PutObjectTagging s3:PutObjectRetention s3:PutObjectLegalHold"},
	{"UploadPart", nil, objectARN, "s3:PutObject"},
	{"CompleteMultipartUpload", nil, objectARN, "s3:PutObject"},
	{"AbortMultipartUpload", nil, objectARN, "s3:AbortMultipartUpload"},
	{"ListParts", nil, objectARN, "s3:ListMultipartUploadParts"},
	{"UploadPartCopy", nil, "*", "local:UploadPartCopy"},

	{"PutObject", nil, objectARN, "s3:PutObject"},
	{"PutObject", locked, objectARN, "s3:PutObject s3:PutObjectTagging s3:PutObjectRetention s3:PutObjectLegalHold"},
	{"HeadObject", nil, objectARN, "s3:GetObject"},
	{"HeadObject", versioned, objectARN, "s3:GetObjectVersion"},
	{"GetObject", nil, objectARN, "s3:GetObject"},
	{"GetObject", versioned, objectARN, "s3:GetObjectVersion"},
	{"GetObjectAttributes", nil, objectARN, "s3:GetObject s3:GetObjectAttributes"},
	{"GetObjectAttributes", versioned, objectARN, "s3:GetObjectVersion s3:GetObjectVersionAttributes"},
	{"GetObjectAcl", nil, objectARN, "s3:GetObjectAcl"},
	{"GetObjectAcl", versioned, objectARN, "s3:GetObjectVersionAcl"},
	{"PutObjectAcl", nil, objectARN, "s3:PutObjectAcl"},
	{"PutObjectAcl", versioned, objectARN, "s3:PutObjectVersionAcl"},
	{"DeleteObject", nil, objectARN, "s3:DeleteObject"},
	{"DeleteObject", versioned, objectARN, "s3:DeleteObjectVersion"},
	{"DeleteObjects", nil, objectARN, "s3:DeleteObject"},
	{"DeleteObjects", versioned, objectARN, "s3:DeleteObjectVersion"},
	{"GetObjectTagging", nil, objectARN, "s3:GetObjectTagging"},
	{"GetObjectTagging", versioned, objectARN, "s3:GetObjectVersionTagging"},
	{"PutObjectTagging", nil, objectARN, "s3:PutObjectTagging"},
	{"PutObjectTagging", versioned, objectARN, "s3:PutObjectVersionTagging"},
	{"DeleteObjectTagging", nil, objectARN, "s3:DeleteObjectTagging"},
	{"DeleteObjectTagging", versioned, objectARN, "s3:DeleteObjectVersionTagging"},
	{"GetObjectRetention?retention", nil, objectARN, "s3:GetObjectRetention"},
	{"PutObjectRetention", nil, objectARN, "s3:PutObjectRetention"},
	{"GetObjectLegalHold?legal-hold", nil, objectARN, "s3:GetObjectLegalHold"},
	{"PutObjectLegalHold", nil, objectARN, "s3:PutObjectLegalHold"},
	{"CopyObject", nil, "*", "local:CopyObject"},
	{"RestoreObject", nil, objectARN, "s3:RestoreObject"},
	{"SelectObjectContent", nil, objectARN, "s3:GetObject"},
}

// TestOperationsNeedTheirActions gives a role all but one of the actions that an operation needs, each in its turn, and
// then all.
func TestOperationsNeedTheirActions(t *testing.T) {
	rest := operations()
	for _, test := range needs {
		name, parameter, _ := strings.Cut(test.operation, "?")
		rest = slices.DeleteFunc(rest, func(other string) bool { return other == name })
		actions := strings.Fields(test.actions)
		for i, action := range actions {
			r := newRight(t, slices.Delete(slices.Clone(actions), i, i+1), test.resource)
			if !r.denied(services.RequestForTest(t.Context(), r.accessKey, parameter), name, test.fields) {
				t.Errorf("%s %v without %s: it is not denied", test.operation, test.fields, action)
			}
			got, _, _ := strings.Cut(r.log.last(), " if ")
			if want := "iam: denied: Role lacks " + action + " on " + test.resource; got != want {
				t.Errorf("%s %v without %s: logged %q, want %q", test.operation, test.fields, action, got, want)
			}
		}
		r := newRight(t, actions, test.resource)
		if r.denied(services.RequestForTest(t.Context(), r.accessKey, parameter), name, test.fields) {
			t.Errorf("%s %v with %v: it is denied: %s", test.operation, test.fields, actions, r.log)
		}
	}
	if diff := cmp.Diff(rest, slices.Sorted(maps.Keys(unchecked))); diff != "" {
		t.Errorf("operations that the table does not have (-got +want):\n%s", diff)
	}
}

// operations are the names of all that a store can be asked for, sorted.
func operations() []string {
	var names []string
	for method := range reflect.TypeFor[backend.Backend]().Methods() {
		names = append(names, method.Name)
	}
	return names
}

// A sealed store panics when an operation reaches it. The two that the checks themselves need it answers.
type sealed struct{ backend.Backend }

func (sealed) NormalizeObjectKey(_, key string) string { return path.Clean(key) }

func (sealed) GetObjectTagging(context.Context, string, string, string) (map[string]string, error) {
	return map[string]string{"status": "pending"}, nil
}

// A right is a role's to some actions on one resource, before a sealed store.
type right struct {
	access    backend.Backend
	accessKey string
	log       *safeBuffer // of denials
}

func newRight(t *testing.T, actions []string, resource string) right {
	t.Helper()
	issuer, log := iam.NewIssuer(strings.NewReader(strings.Repeat("random", 100))), &safeBuffer{}
	credentials, err := issuer.Issue("Role")
	if err != nil {
		t.Fatal(err)
	}
	policies := iam.NewPolicies(&cfn.Stack{AccountID: account, Roles: []cfn.Role{{
		LogicalID: "Role", Name: "role", Statements: []cfn.Statement{{Effect: "Allow", Actions: actions, Resources: []string{resource}}},
	}}}, log)
	return right{services.AccessForTest(sealed{}, issuer, policies), credentials.AccessKeyID, log}
}

// denied calls an operation and reports whether it has answered AccessDenied, nothing else, and left the store alone.
func (r right) denied(ctx context.Context, operation string, with fields) (denied bool) {
	defer func() {
		if recover() != nil {
			denied = false
		}
	}()
	all := fields{"Bucket": bucket, "Key": "elsewhere/../" + key}
	maps.Copy(all, with)
	method := reflect.ValueOf(r.access).MethodByName(operation)
	return refuses(method.Call(all.arguments(ctx, method.Type())))
}

// refuses reports whether an operation's results are a refusal and tell no more.
func refuses(results []reflect.Value) bool {
	if len(results) == 0 {
		return false
	}
	rest, last := results[:len(results)-1], results[len(results)-1].Interface()
	if stream, ok := last.(func(*bufio.Writer)); ok {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		stream(w)
		return w.Flush() == nil && out.Len() == 0
	}
	if deletion, ok := results[0].Interface().(s3response.DeleteResult); ok {
		isDenied := func(e types.Error) bool { return *e.Code == "AccessDenied" }
		return last == nil && len(deletion.Deleted) == 0 && len(deletion.Error) == 1 && isDenied(deletion.Error[0])
	}
	err, _ := last.(error)
	failure, ok := errors.AsType[s3err.APIError](err)
	return ok && failure.Code == "AccessDenied" && !slices.ContainsFunc(rest, func(v reflect.Value) bool { return !v.IsZero() })
}

// fields are what a request names, by the fields of the operations' inputs.
type fields map[string]string

// arguments are those of an operation. Those that are no input of fields name the bucket, the key and the version.
func (f fields) arguments(ctx context.Context, operation reflect.Type) []reflect.Value {
	names := []string{"Bucket", "Key", "VersionId"}
	var all []reflect.Value
	for in := range operation.Ins() {
		argument := reflect.New(in).Elem()
		switch {
		case in == reflect.TypeFor[context.Context]():
			argument.Set(reflect.ValueOf(ctx))
		case in == reflect.TypeFor[string]():
			argument.SetString(f[names[0]])
			names = names[1:]
		case in.Kind() == reflect.Struct:
			f.fill(argument)
		case in.Kind() == reflect.Pointer:
			argument.Set(reflect.New(in.Elem()))
			f.fill(argument.Elem())
		}
		all = append(all, argument)
	}
	return all
}

// fill sets those of the fields that an input has.
func (f fields) fill(input reflect.Value) {
	for name, value := range f {
		switch field := input.FieldByName(name); field.Kind() {
		case reflect.Pointer:
			field.Set(reflect.ValueOf(&value))
		case reflect.String:
			field.SetString(value)
		}
	}
	if field := input.FieldByName("Delete"); field.IsValid() {
		objects := make([]types.ObjectIdentifier, 1)
		f.fill(reflect.ValueOf(&objects[0]).Elem())
		field.Set(reflect.ValueOf(&types.Delete{Objects: objects}))
	}
}
