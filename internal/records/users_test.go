package records_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/truora/minidyn/server"

	"postern/api"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/tabletest"
)

const (
	table = "users"
	hash  = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"}, nil
})

// open returns the users table behind handler, and a client of it.
func open(t *testing.T, handler http.Handler) (*records.Users, *dynamodb.Client) {
	t.Helper()
	dynamo := httptest.NewServer(handler)
	t.Cleanup(dynamo.Close)
	client := dynamodb.New(dynamodb.Options{Region: "eu-west-1", BaseEndpoint: &dynamo.URL, Credentials: credentials})
	return records.NewUsers(client, table), client
}

func put(t *testing.T, client *dynamodb.Client, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item}); err != nil {
		t.Fatal(err)
	}
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// exported leaves out of a comparison what the SDK's types keep to themselves.
var exported = cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{})

func row() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"mail": text("demo@example.com"), "owner": text("0123456789abcdef0123"), "hash": text(hash), "role": text("user"),
	}
}

func TestUser(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	item := row()
	item["maxSize"], item["quota"], item["fileQuota"] = number("5"), number("0"), number("7")
	item["groups"] = &types.AttributeValueMemberSS{Value: []string{"an attribute that is not known"}}
	put(t, client, item)

	got, found, err := users.User(t.Context(), "demo@example.com")
	maxSize, quota := int64(5), int64(0)
	want := identity.User{
		Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: hash, Role: identity.RoleUser, MaxSize: &maxSize, Quota: &quota,
		FileQuota: new(int64(7)),
	}
	if diff := cmp.Diff(got, want); !found || err != nil || diff != "" {
		t.Errorf("User: %t, %v\n(-got +want)\n%s", found, err, diff)
	}

	got, found, err = users.User(t.Context(), "other@example.com")
	if diff := cmp.Diff(got, identity.User{}); found || err != nil || diff != "" {
		t.Errorf("User of no row: %+v, %t, %v, want none", got, found, err)
	}
}

func TestUserRefusesMalformedRows(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	for name, value := range map[string]types.AttributeValue{
		"owner":   text("../planted"),
		"hash":    &types.AttributeValueMemberNULL{Value: true},
		"role":    number("1"),
		"maxSize": text("5"),
		"quota":   number("1.5"),

		"fileQuota": number("-2"),

		"may":     text("read,planted"),
		"for":     text("*"),
		"expires": text("1"),
	} {
		item := maps.Clone(row())
		item[name] = value
		put(t, client, item)
		_, found, err := users.User(t.Context(), "demo@example.com")
		if err == nil || found || !strings.Contains(err.Error(), "attribute "+name) {
			t.Errorf("%s: got %t, %v, want an error that names it", name, found, err)
		}
	}
}

func TestUserReadsConsistently(t *testing.T) {
	var request string
	users, _ := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		_ = r.Write(body)
		request = body.String()
		_, _ = w.Write([]byte("{}"))
	}))
	if _, found, err := users.User(t.Context(), "demo@example.com"); found || err != nil {
		t.Errorf("User = %t, %v, want none", found, err)
	}
	for _, want := range []string{"DynamoDB_20120810.GetItem", `"ConsistentRead":true`, `"TableName":"users"`, "X-Amz-Security-Token: token"} {
		if !strings.Contains(request, want) {
			t.Errorf("the request lacks %s:\n%s", want, request)
		}
	}
}

func TestFaultsOfDynamoDB(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"another's row": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"Item":{"mail":{"S":"other@example.com"},"owner":{"S":"0123456789abcdef0123"},"hash":{"S":"` + hash + `"},"role":{"S":"service"}}}`))
		},
		"denied": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}`))
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"Item":`))
		},
	} {
		users, _ := open(t, handler)
		user, found, err := users.User(t.Context(), "planted@example.com")
		if err == nil || found || user.Owner != "" {
			t.Errorf("%s: got %t, %v, want an error", name, found, err)
		} else if strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: the error holds the mail: %v", name, err)
		}
	}
}

func TestUserGivesUpAtTheDeadline(t *testing.T) {
	release := make(chan struct{})
	users, _ := open(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, found, err := users.User(ctx, "planted@example.com")
	if err == nil || found || strings.Contains(err.Error(), "planted") || time.Since(started) > 5*time.Second {
		t.Errorf("got %t, %v after %v, want an error at the deadline", found, err, time.Since(started))
	}
}

// TestPutIsTheTablesForm compares with what earlier versions wrote.
func TestPutIsTheTablesForm(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	maxSize, quota := int64(5), int64(0)
	user := identity.User{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: hash, Role: identity.RoleUser}
	for _, test := range []struct {
		maxSize, quota *int64
		want           map[string]types.AttributeValue
	}{
		{nil, nil, nil},
		{&maxSize, &quota, map[string]types.AttributeValue{"maxSize": number("5"), "quota": number("0"), "fileQuota": number("5")}},
	} {
		user.MaxSize, user.Quota, user.FileQuota = test.maxSize, test.quota, test.maxSize
		if err := users.Put(t.Context(), user); err != nil {
			t.Fatal(err)
		}
		output, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table)})
		if err != nil {
			t.Fatal(err)
		}
		want := row()
		maps.Copy(want, test.want)
		if diff := cmp.Diff(output.Items, []map[string]types.AttributeValue{want}, exported); diff != "" {
			t.Errorf("items (-got +want)\n%s", diff)
		}
		if got, _, err := users.User(t.Context(), user.Mail); err != nil || !cmp.Equal(got, user) {
			t.Errorf("User = %+v, %v, want %+v", got, err, user)
		}
	}
}

// An attribute that is there was to limit the user: one that limits nothing is malformed.
func TestEmptyLimitsAreMalformed(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	for name, value := range map[string]types.AttributeValue{
		"may": text(""), "for": number("1"), "expires": number("0"),
	} {
		item := row()
		item[name] = value
		put(t, client, item)
		if _, found, err := users.User(t.Context(), "demo@example.com"); err == nil || found || !strings.Contains(err.Error(), "attribute "+name) {
			t.Errorf("%s: got %t, %v, want an error that names it", name, found, err)
		}
	}
}

func TestPutKeepsTheScope(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	want := identity.User{
		Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: hash, Role: identity.RoleService,
		Scope: identity.Scope{May: identity.Rights{api.RightDelete}, For: "shop-*", Expires: time.Unix(7, 0)},
	}
	if err := users.Add(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, found, err := users.User(t.Context(), want.Mail)
	if diff := cmp.Diff(got, want); !found || err != nil || diff != "" {
		t.Errorf("User: %t, %v (-got +want)\n%s", found, err, diff)
	}
}

func TestChangesOfUsers(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	ctx, quota := t.Context(), int64(7)
	user := identity.User{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: hash, Role: identity.RoleUser, Quota: &quota}
	another := strings.Replace(hash, "AAAA", "BBBB", 1)
	if err := users.SetHash(ctx, user.Mail, another); !errors.Is(err, records.ErrNoUser) {
		t.Errorf("SetHash of no user: %v, want ErrNoUser", err)
	}
	if err := users.Remove(ctx, user.Mail); !errors.Is(err, records.ErrNoUser) {
		t.Errorf("Remove of no user: %v, want ErrNoUser", err)
	}
	if err := users.Add(ctx, user); err != nil {
		t.Errorf("Add: %v", err)
	}
	second := user
	second.Owner = "00000000000000000000"
	if err := users.Add(ctx, second); !errors.Is(err, records.ErrUserExists) {
		t.Errorf("Add of a mail that is taken: %v, want ErrUserExists", err)
	}
	if err := users.SetHash(ctx, user.Mail, another); err != nil {
		t.Errorf("SetHash: %v", err)
	}
	user.Hash = another
	got, malformed, err := users.All(ctx)
	if diff := cmp.Diff(got, []identity.User{user}); diff != "" || malformed != nil || err != nil {
		t.Errorf("All: %v, %v\n(-got +want)\n%s", malformed, err, diff)
	}
	put(t, client, map[string]types.AttributeValue{"mail": text("planted@example.com"), "hash": text("planted-hash")})
	got, malformed, err = users.All(ctx)
	want := `reading the row of "planted@example.com": attribute owner of a user is missing or malformed`
	if len(got) != 1 || malformed == nil || malformed.Error() != want || err != nil {
		t.Errorf("All with a malformed row: %d users, %v, %v, want one and %s", len(got), malformed, err, want)
	}
	if err := users.Remove(ctx, user.Mail); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if _, found, err := users.User(ctx, user.Mail); found || err != nil {
		t.Errorf("User after Remove: %t, %v, want none", found, err)
	}
}

func TestChange(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	before := row()
	before["quota"], before["later"] = number("7"), text("kept")
	put(t, client, before)
	bytes := func(n int64) *int64 { return &n }
	want := identity.User{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: hash, Role: identity.RoleUser, Quota: bytes(7)}
	for _, test := range []struct {
		change records.UserChange
		edit   func(*identity.User)
	}{
		{records.UserChange{Role: identity.RoleService}, func(u *identity.User) { u.Role = identity.RoleService }},
		{records.UserChange{MaxSize: bytes(0), Quota: bytes(9)}, func(u *identity.User) { u.MaxSize, u.Quota = bytes(0), bytes(9) }},
		{records.UserChange{Quota: bytes(records.StageDefault)}, func(u *identity.User) { u.Quota = nil }},
		{
			records.UserChange{Role: identity.RoleUser, MaxSize: bytes(records.StageDefault), Quota: bytes(5)},
			func(u *identity.User) { u.Role, u.MaxSize, u.Quota = identity.RoleUser, nil, bytes(5) },
		},
		{records.UserChange{FileQuota: bytes(3)}, func(u *identity.User) { u.FileQuota = bytes(3) }},
		{records.UserChange{FileQuota: bytes(records.StageDefault)}, func(u *identity.User) { u.FileQuota = nil }},
		{
			records.UserChange{May: &identity.Rights{api.RightUpload, api.RightRead}, For: new(identity.Mails("example.com")), Expires: new(time.Unix(5, 0))},
			func(u *identity.User) {
				u.Scope = identity.Scope{May: identity.Rights{api.RightUpload, api.RightRead}, For: "example.com", Expires: time.Unix(5, 0)}
			},
		},
		{records.UserChange{May: new(identity.Rights)}, func(u *identity.User) { u.May = nil }},
		{records.UserChange{For: new(identity.Mails)}, func(u *identity.User) { u.For = "" }},
		{records.UserChange{Expires: new(time.Time)}, func(u *identity.User) { u.Expires = time.Time{} }},
	} {
		test.edit(&want)
		got, err := users.Change(t.Context(), "demo@example.com", test.change)
		if diff := cmp.Diff(got, want); diff != "" || err != nil {
			t.Errorf("%+v: %v (-got +want)\n%s", test.change, err, diff)
		}
		if stored, found, err := users.User(t.Context(), "demo@example.com"); !found || err != nil || !cmp.Equal(stored, want) {
			t.Errorf("%+v: stored %+v, %t, %v, want %+v", test.change, stored, found, err, want)
		}
	}
	output, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table), Key: map[string]types.AttributeValue{"mail": text("demo@example.com")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(output.Item["later"], text("kept"), exported); diff != "" {
		t.Errorf("an attribute that is not known (-got +want)\n%s", diff)
	}
	if _, err := users.Change(t.Context(), "other@example.com", records.UserChange{Quota: bytes(1)}); !errors.Is(err, records.ErrNoUser) {
		t.Errorf("got %v, want %v", err, records.ErrNoUser)
	}
}

// A change that would undo another's at the same time is refused.
func TestChangesRace(t *testing.T) {
	bytes := func(n int64) *int64 { return &n }
	for name, meanwhile := range map[string]func(*records.Users) error{
		"password": func(u *records.Users) error {
			return u.SetHash(context.Background(), "demo@example.com", strings.Replace(hash, "AAAA", "BBBB", 1))
		},
		"limit": func(u *records.Users) error {
			_, err := u.Change(context.Background(), "demo@example.com", records.UserChange{MaxSize: bytes(1)})
			return err
		},
		"rights": func(u *records.Users) error {
			_, err := u.Change(context.Background(), "demo@example.com", records.UserChange{May: &identity.Rights{api.RightRead}})
			return err
		},
		"removal": func(u *records.Users) error { return u.Remove(context.Background(), "demo@example.com") },
	} {
		t.Run(name, func(t *testing.T) {
			dynamo := server.NewServer()
			direct, client := open(t, dynamo)
			tabletest.Create(t, client, table, "mail")
			put(t, client, row())
			users, _ := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") {
					if err := meanwhile(direct); err != nil {
						t.Error(err)
					}
				}
				dynamo.ServeHTTP(w, r)
			}))
			_, err := users.Change(t.Context(), "demo@example.com", records.UserChange{Quota: bytes(1)})
			if !errors.Is(err, records.ErrUserChanged) {
				t.Errorf("got %v, want %v", err, records.ErrUserChanged)
			}
		})
	}
}
