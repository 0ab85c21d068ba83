package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postern/internal/contract"
)

// lookup finds variables in a map.
func lookup(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// roundTrip writes an environment, reads it back and compares.
func roundTrip[T any](t interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}, want T,
) {
	t.Helper()
	vars, err := contract.Env(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := contract.FromEnv[T](lookup(vars))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%T (-got +want):\n%s", want, diff)
	}
}

func TestEnv(t *testing.T) {
	presign := contract.PresignEnv{
		Bucket:   "uploads",
		Lifetime: 15 * time.Minute,
		Folders:  contract.Folders{"videos": {MaxSize: 5 << 30, Formats: map[string]string{"mp4": "video/mp4"}}},
		Throttle: contract.Throttle{OwnerRate: 1, OwnerBurst: 2, ServiceRate: 3, ServiceBurst: 4},
	}
	got, err := contract.Env(presign)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"BUCKET":             "uploads",
		"SIGNATURE_LIFETIME": "15m0s",
		"FOLDERS":            `{"videos":{"maxSize":5368709120,"formats":{"mp4":"video/mp4"}}}`,
		"THROTTLE":           `{"ownerRate":1,"ownerBurst":2,"serviceRate":3,"serviceBurst":4}`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("variables (-got +want):\n%s", diff)
	}
	roundTrip(t, presign)

	authorizer := contract.AuthorizerEnv{
		UsersTable: "users", UploadsTable: "uploads", OwnerKeySecret: "arn:aws:secretsmanager:x", Basic: true, DefaultMaxSize: 1, DefaultQuota: 53687091200000, DefaultFileQuota: 7,
		Issuers: []contract.Issuer{
			{Issuer: "https://a", Audience: "web"},
			{Issuer: "https://b", Audience: "app", Mail: "email", Subject: "oid", Roles: contract.RoleClaim{Claim: "groups", Service: "svc"}},
		},
	}
	if got, err = contract.Env(authorizer); err != nil {
		t.Fatal(err)
	}
	want = map[string]string{
		"USERS_TABLE": "users", "UPLOADS_TABLE": "uploads", "OWNER_KEY_SECRET": "arn:aws:secretsmanager:x", "DEFAULT_MAX_SIZE": "1", "BASIC": "true",
		"DEFAULT_QUOTA": "53687091200000", "DEFAULT_FILE_QUOTA": "7",
		"ISSUERS": `[{"issuer":"https://a","audience":"web"},{"issuer":"https://b","audience":"app","mail":"email","subject":"oid","roles":{"claim":"groups","service":"svc"}}]`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("variables (-got +want):\n%s", diff)
	}
	roundTrip(t, authorizer)
}

func TestEnvRoundTrips(t *testing.T) {
	text := rapid.StringN(1, 40, -1)
	folder := rapid.Custom(func(t *rapid.T) contract.Folder {
		return contract.Folder{
			MaxSize: rapid.Int64().Draw(t, "size"),
			Formats: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "formats"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, contract.AuthorizerEnv{
			UsersTable:     text.Draw(t, "table"),
			UploadsTable:   text.Draw(t, "uploads"),
			OwnerKeySecret: text.Draw(t, "secret"),
			Basic:          rapid.Bool().Draw(t, "basic"),
			DefaultMaxSize: rapid.Int64().Draw(t, "size"),
			DefaultQuota:   rapid.Int64().Draw(t, "quota"),

			DefaultFileQuota: rapid.Int64().Draw(t, "quota of files"),
		})
		throttle := contract.Throttle{
			OwnerRate: rapid.Int64().Draw(t, "owner rate"), OwnerBurst: rapid.Int64().Draw(t, "owner burst"),
			ServiceRate: rapid.Int64().Draw(t, "service rate"), ServiceBurst: rapid.Int64().Draw(t, "service burst"),
		}
		roundTrip(t, contract.PresignEnv{
			Bucket:   text.Draw(t, "bucket"),
			Lifetime: time.Duration(rapid.Int64().Draw(t, "lifetime")),
			Folders:  rapid.MapOf(rapid.String(), folder).Draw(t, "folders"),
			Throttle: throttle,
		})
		roundTrip(t, contract.ManageEnv{
			Bucket:       text.Draw(t, "bucket"),
			UploadsTable: text.Draw(t, "uploads"),
			UsersTable:   text.Draw(t, "users"),
			QueueURL:     text.Draw(t, "queue"),
			Lifetime:     time.Duration(rapid.Int64().Draw(t, "lifetime")),
			Folders:      rapid.MapOf(rapid.String(), folder).Draw(t, "folders"),
			Throttle:     throttle,
		})
		roundTrip(t, contract.InspectEnv{
			QueueURL:       text.Draw(t, "queue url"),
			Bucket:         text.Draw(t, "bucket"),
			UploadsTable:   text.Draw(t, "uploads"),
			EventBus:       text.Draw(t, "bus"),
			OwnerKeySecret: text.Draw(t, "secret"),
			Folders:        rapid.MapOf(rapid.String(), folder).Draw(t, "folders"),
			Inspection:     contract.Inspection{Exact: rapid.Bool().Draw(t, "exact"), MaxEntries: rapid.Int64().Draw(t, "entries"), MaxPixels: rapid.Int64().Draw(t, "pixels")},
		})
		roundTrip(t, contract.RuntimeEnv{
			Region:          text.Draw(t, "region"),
			AccessKeyID:     text.Draw(t, "id"),
			SecretAccessKey: text.Draw(t, "key"),
			SessionToken:    text.Draw(t, "token"),
		})
	})
}

func TestFromEnvNamesWhatIsWrong(t *testing.T) {
	good := map[string]string{
		"BUCKET": "uploads", "SIGNATURE_LIFETIME": "15m0s", "FOLDERS": `{"videos":{"maxSize":1,"formats":{"mp4":"video/mp4"}}}`,
		"THROTTLE": `{"ownerRate":1,"ownerBurst":1,"serviceRate":1,"serviceBurst":1}`,
	}
	for _, test := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"missing", map[string]string{"BUCKET": ""}, "environment variable BUCKET is not set"},
		{"malformed duration", map[string]string{"SIGNATURE_LIFETIME": "secret"}, "environment variable SIGNATURE_LIFETIME is malformed"},
		{"malformed JSON", map[string]string{"FOLDERS": "{secret"}, "environment variable FOLDERS is malformed"},
		{"JSON of another type", map[string]string{"FOLDERS": `["secret"]`}, "environment variable FOLDERS is malformed"},
		{"several", map[string]string{"BUCKET": "", "FOLDERS": "secret"}, "environment variable BUCKET is not set\nenvironment variable FOLDERS is malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			vars := map[string]string{}
			for name, value := range good {
				vars[name] = value
			}
			for name, value := range test.change {
				vars[name] = value
			}
			_, err := contract.FromEnv[contract.PresignEnv](lookup(vars))
			if got := fmt.Sprint(err); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the error %v tells a value", err)
			}
		})
	}
	if _, err := contract.FromEnv[contract.PresignEnv](lookup(good)); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	_, err := contract.FromEnv[contract.AuthorizerEnv](lookup(map[string]string{"USERS_TABLE": "t", "UPLOADS_TABLE": "u", "OWNER_KEY_SECRET": "s", "BASIC": "true", "DEFAULT_MAX_SIZE": "5 GiB", "DEFAULT_QUOTA": "1", "DEFAULT_FILE_QUOTA": "1", "ISSUERS": "[]"}))
	if got, want := fmt.Sprint(err), "environment variable DEFAULT_MAX_SIZE is malformed"; got != want {
		t.Errorf("number: got %s, want %s", got, want)
	}
}
