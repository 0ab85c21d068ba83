package s3_test

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
	local "postern/local/s3"
	"postern/local/stacktest"
)

// unchecked are the store's operations that are open to everyone, and why.
var unchecked = map[string]string{
	"String":             "it names the kind of store",
	"Shutdown":           "it is the server's own: no request leads to it",
	"NormalizeObjectKey": "it computes and looks at nothing; the checks need it",
}

// unasked are those that are checked only for a caller who asks for the setting, and what the server reads them for.
var unasked = map[string]string{
	"GetBucketAcl":               "whose the bucket is, before every operation in it",
	"GetBucketCors":              "the headers of every answer to a browser",
	"GetBucketPolicy":            "whether the bucket is public, before every operation in it",
	"GetBucketVersioning":        "what a deletion and a lock mean",
	"GetObjectLockConfiguration": "whether an object may be deleted or replaced",
}

// unserved are the operations that nobody may use, because nothing here does.
var unserved = []string{
	"ChangeBucketOwner", "CopyObject", "DeleteBucket", "DeleteBucketOwnershipControls", "DeleteBucketPolicy", "DeleteBucketTagging",
	"DeleteBucketWebsite", "DeleteObjectTagging", "GetBucketOwnershipControls", "GetBucketTagging", "GetBucketWebsite", "GetObjectAcl",
	"GetObjectAttributes", "GetObjectLegalHold", "GetObjectRetention", "ListBucketsAndOwners", "ListObjects", "PutBucketAcl",
	"PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketTagging", "PutBucketWebsite", "PutObjectAcl", "PutObjectLegalHold",
	"PutObjectLockConfiguration", "PutObjectRetention", "RestoreObject", "SelectObjectContent", "UploadPartCopy",
}

// TestLocksAreNotServed has the operator ask for objects that are locked.
func TestLocksAreNotServed(t *testing.T) {
	r := newRight(t, []string{"*"}, "*")
	for _, name := range []string{"PutObject", "CreateMultipartUpload"} {
		for field, value := range map[string]string{"ObjectLockMode": "GOVERNANCE", "ObjectLockLegalHoldStatus": "ON"} {
			if got := r.call(local.RequestForTest(t.Context(), r.accessKey), name, fields{field: value}); got != "NotImplemented" {
				t.Errorf("%s with %s: got %s, want NotImplemented", name, field, got)
			}
		}
	}
}

// settings are the names of the subresources that they are asked for by.
var settings = []string{"acl", "cors", "object-lock", "policy", "versioning"}

// TestOperationsThatAreNotServed has the operator, who may do everything else, ask for them.
func TestOperationsThatAreNotServed(t *testing.T) {
	r := newRight(t, []string{"*"}, "*")
	for _, name := range unserved {
		if got := r.call(local.RequestForTest(t.Context(), r.accessKey, settings...), name, nil); got != "NotImplemented" {
			t.Errorf("%s: got %s, want NotImplemented", name, got)
		}
	}
}

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
		{"a role without a right", local.RequestForTest(t.Context(), r.accessKey, settings...), unchecked},
		{"a signer whom nobody knows", local.RequestForTest(t.Context(), "ASIAUNKNOWN", settings...), unchecked},
		{"a request of which nothing is known", t.Context(), unchecked},
		{"a request that asks for no setting", local.RequestForTest(t.Context(), r.accessKey), own},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, name := range operations() {
				if slices.Contains(unserved, name) {
					continue
				}
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
	tagged    = fields{"Tagging": "status=pending"}
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
	{"ListObjectsV2", nil, bucketARN, "s3:ListBucket"},
	{"ListObjectVersions", nil, bucketARN, "s3:ListBucketVersions"},
	{"ListMultipartUploads", nil, bucketARN, "s3:ListBucketMultipartUploads"},

	{"GetBucketAcl?acl", nil, bucketARN, "s3:GetBucketAcl"},
	{"GetBucketVersioning?versioning", nil, bucketARN, "s3:GetBucketVersioning"},
	{"PutBucketVersioning", nil, bucketARN, "s3:PutBucketVersioning"},
	{"GetBucketPolicy?policy", nil, bucketARN, "s3:GetBucketPolicy"},
	{"GetBucketCors?cors", nil, bucketARN, "s3:GetBucketCORS"},
	{"PutBucketCors", nil, bucketARN, "s3:PutBucketCORS"},
	{"DeleteBucketCors", nil, bucketARN, "s3:PutBucketCORS"},
	{"GetObjectLockConfiguration?object-lock", nil, bucketARN, "s3:GetBucketObjectLockConfiguration"},

	{"CreateMultipartUpload", nil, objectARN, "s3:PutObject"},
	{"CreateMultipartUpload", tagged, objectARN, "s3:PutObject s3:PutObjectTagging"},
	{"UploadPart", nil, objectARN, "s3:PutObject"},
	{"CompleteMultipartUpload", nil, objectARN, "s3:PutObject"},
	{"AbortMultipartUpload", nil, objectARN, "s3:AbortMultipartUpload"},
	{"ListParts", nil, objectARN, "s3:ListMultipartUploadParts"},

	{"PutObject", nil, objectARN, "s3:PutObject"},
	{"PutObject", tagged, objectARN, "s3:PutObject s3:PutObjectTagging"},
	{"HeadObject", nil, objectARN, "s3:GetObject"},
	{"HeadObject", versioned, objectARN, "s3:GetObjectVersion"},
	{"GetObject", nil, objectARN, "s3:GetObject"},
	{"GetObject", versioned, objectARN, "s3:GetObjectVersion"},
	{"DeleteObject", nil, objectARN, "s3:DeleteObject"},
	{"DeleteObject", versioned, objectARN, "s3:DeleteObjectVersion"},
	{"DeleteObjects", nil, objectARN, "s3:DeleteObject"},
	{"DeleteObjects", versioned, objectARN, "s3:DeleteObjectVersion"},
	{"GetObjectTagging", nil, objectARN, "s3:GetObjectTagging"},
	{"GetObjectTagging", versioned, objectARN, "s3:GetObjectVersionTagging"},
	{"PutObjectTagging", nil, objectARN, "s3:PutObjectTagging"},
	{"PutObjectTagging", versioned, objectARN, "s3:PutObjectVersionTagging"},
}

// TestOperationsNeedTheirActions gives a role all but one of the actions that an operation needs, each in its turn, and
// then all.
func TestOperationsNeedTheirActions(t *testing.T) {
	rest := slices.DeleteFunc(operations(), func(name string) bool { return slices.Contains(unserved, name) })
	for _, test := range needs {
		name, parameter, _ := strings.Cut(test.operation, "?")
		rest = slices.DeleteFunc(rest, func(other string) bool { return other == name })
		actions := strings.Fields(test.actions)
		for i, action := range actions {
			r := newRight(t, slices.Delete(slices.Clone(actions), i, i+1), test.resource)
			if !r.denied(local.RequestForTest(t.Context(), r.accessKey, parameter), name, test.fields) {
				t.Errorf("%s %v without %s: it is not denied", test.operation, test.fields, action)
			}
			got, _, _ := strings.Cut(r.log.Last(), " if ")
			if want := "iam: denied: Role lacks " + action + " on " + test.resource; got != want {
				t.Errorf("%s %v without %s: logged %q, want %q", test.operation, test.fields, action, got, want)
			}
		}
		r := newRight(t, actions, test.resource)
		if r.denied(local.RequestForTest(t.Context(), r.accessKey, parameter), name, test.fields) {
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
	log       *stacktest.Buffer // of denials
}

func newRight(t *testing.T, actions []string, resource string) right {
	t.Helper()
	issuer, log := iam.NewIssuer(strings.NewReader(strings.Repeat("random", 100))), &stacktest.Buffer{}
	credentials, err := issuer.Issue("Role")
	if err != nil {
		t.Fatal(err)
	}
	policies := iam.NewPolicies(&cfn.Stack{AccountID: account, Roles: []cfn.Role{{
		LogicalID: "Role", Name: "role", Statements: []cfn.Statement{{Effect: "Allow", Actions: actions, Resources: []string{resource}}},
	}}}, log)
	return right{local.AccessForTest(sealed{}, issuer, policies), credentials.AccessKeyID, log}
}

// denied calls an operation and reports whether it has answered AccessDenied, nothing else, and left the store alone.
func (r right) denied(ctx context.Context, operation string, with fields) bool {
	return r.call(ctx, operation, with) == "AccessDenied"
}

// call calls an operation and returns the code of its refusal, if it tells nothing else and leaves the store alone.
func (r right) call(ctx context.Context, operation string, with fields) (code string) {
	defer func() {
		if recover() != nil {
			code = "the store was reached"
		}
	}()
	all := fields{"Bucket": bucket, "Key": "elsewhere/../" + key}
	maps.Copy(all, with)
	method := reflect.ValueOf(r.access).MethodByName(operation)
	return refusal(method.Call(all.arguments(ctx, method.Type())))
}

// refusal returns the code of an operation's results, or nothing if they are not a refusal. A denial tells nothing else.
func refusal(results []reflect.Value) string {
	if len(results) == 0 {
		return ""
	}
	rest, last := results[:len(results)-1], results[len(results)-1].Interface()
	if deletion, ok := results[0].Interface().(s3response.DeleteResult); ok {
		if last == nil && len(deletion.Deleted) == 0 && len(deletion.Error) == 1 {
			return *deletion.Error[0].Code
		}
		return ""
	}
	if stream, ok := last.(func(*bufio.Writer)); ok {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		stream(w)
		if _, code, ok := strings.Cut(out.String(), "NotImplemented"); ok && code != "" {
			return "NotImplemented"
		}
		return ""
	}
	err, _ := last.(error)
	failure, ok := errors.AsType[s3err.APIError](err)
	if !ok || failure.Code == "AccessDenied" && slices.ContainsFunc(rest, func(v reflect.Value) bool { return !v.IsZero() }) {
		return ""
	}
	return failure.Code
}

// fields are what a request names, by the fields of the operations' inputs.
type fields map[string]string

// arguments are those of an operation. Those that are not a struct of fields name the bucket, the key and the version.
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
