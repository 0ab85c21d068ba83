package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/truora/minidyn/server"

	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/tabletest"
)

const guesser = "0123456789abcdef0123456789abcdef"

var noon = time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)

// signIn reads the demo user and the guesser's guesses at a time.
func signIn(t *testing.T, users *records.Users, now time.Time) (identity.User, bool, records.Guesses) {
	t.Helper()
	user, found, guesses, err := users.SignIn(t.Context(), "demo@example.com", guesser, now)
	if err != nil {
		t.Fatal(err)
	}
	return user, found, guesses
}

func TestGuessesAreKeptWithUsers(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	if _, found, guesses := signIn(t, users, noon); found || len(guesses) != 0 {
		t.Errorf("an empty table has a user, %t, or guesses %v", found, guesses)
	}
	want := records.Guesses{}
	for i, try := range []string{"aaaaaaaa", "bbbbbbbb", "aaaaaaaa", "cccccccc"} {
		at := noon.Add(time.Duration(i) * time.Minute)
		if err := users.AddGuess(t.Context(), guesser, try, at); err != nil {
			t.Fatal(err)
		}
		want[try] = at
	}
	put(t, client, row())
	user, found, guesses := signIn(t, users, noon.Add(14*time.Minute))
	if diff := cmp.Diff(guesses, want); diff != "" || !found || user.Owner != "0123456789abcdef0123" {
		t.Errorf("user %+v, %t, guesses (-got +want)\n%s", user, found, diff)
	}
	for after, want := range map[time.Duration]int{-time.Second: 3, 0: 3, time.Minute: 2, 3 * time.Minute: 0} {
		if got := guesses.Since(noon.Add(after)); got != want {
			t.Errorf("%d guesses since %v, want %d", got, after, want)
		}
	}
	if _, _, others, err := users.SignIn(t.Context(), "demo@example.com", strings.Repeat("f", 32), noon); err != nil || len(others) != 0 {
		t.Errorf("another guesser has tried %v, %v, want nothing", others, err)
	}

	key := fmt.Sprintf("guesses#%s#%d", guesser, noon.Unix()/900)
	output, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table), Key: map[string]types.AttributeValue{"mail": text(key)},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantRow := map[string]types.AttributeValue{
		"mail": text(key), "forgetAt": number(fmt.Sprint(noon.Add(33 * time.Minute).Unix())),
		"try-aaaaaaaa": number(fmt.Sprint(noon.Add(2 * time.Minute).Unix())),
		"try-bbbbbbbb": number(fmt.Sprint(noon.Add(time.Minute).Unix())), "try-cccccccc": number(fmt.Sprint(noon.Add(3 * time.Minute).Unix())),
	}
	if diff := cmp.Diff(output.Item, wantRow, exported); diff != "" {
		t.Errorf("the item (-got +want)\n%s", diff)
	}
	if all, malformed, err := users.All(t.Context()); len(all) != 1 || malformed != nil || err != nil {
		t.Errorf("All = %d users, %v, %v, want the one", len(all), malformed, err)
	}
}

// Whenever one looks, all guesses of the last 15 minutes are there.
func TestGuessesOfTheLastQuarterOfAnHour(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	for i := range 40 {
		now := noon.Add(time.Duration(i) * 4 * time.Minute)
		if err := users.AddGuess(t.Context(), guesser, fmt.Sprintf("%08x", i), now); err != nil {
			t.Fatal(err)
		}
		_, _, guesses := signIn(t, users, now)
		if got, want := guesses.Since(now.Add(-records.GuessesKept)), min(i+1, 4); got != want {
			t.Errorf("after %d guesses, one each 4 minutes, %d are of the last 15, want %d", i+1, got, want)
		}
	}
}

// Guesses at the same time are all counted: none overwrites another.
func TestGuessesAtTheSameTime(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	var guessing sync.WaitGroup
	for i := range 20 {
		guessing.Go(func() {
			if err := users.AddGuess(t.Context(), guesser, fmt.Sprintf("%08x", i), noon); err != nil {
				t.Error(err)
			}
		})
	}
	guessing.Wait()
	if _, _, guesses := signIn(t, users, noon); len(guesses) != 20 {
		t.Errorf("%d guesses are kept, want 20", len(guesses))
	}
}

func TestWhoIsLeavingDoesNotSignIn(t *testing.T) {
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	put(t, client, row())
	if err := users.Leave(t.Context(), "demo@example.com"); err != nil {
		t.Fatal(err)
	}
	if user, found, _ := signIn(t, users, noon); found || user.Hash != "" {
		t.Errorf("got %+v, %t, want nobody", user, found)
	}
}

// A sign-in costs one call of DynamoDB, a guess another one.
func TestCallsOfASignIn(t *testing.T) {
	dynamo := server.NewServer()
	_, client := open(t, dynamo)
	tabletest.Create(t, client, table, "mail")
	put(t, client, row())
	var calls []string
	users, _ := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		_, _ = io.Copy(body, r.Body)
		r.Body = io.NopCloser(strings.NewReader(body.String()))
		calls = append(calls, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810."))
		if len(calls) == 1 && !strings.Contains(body.String(), `"ConsistentRead":true`) {
			t.Errorf("not read as it is now: %s", body)
		}
		dynamo.ServeHTTP(w, r)
	}))
	signIn(t, users, noon)
	if err := users.AddGuess(t.Context(), guesser, "aaaaaaaa", noon); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(calls, []string{"BatchGetItem", "UpdateItem"}); diff != "" {
		t.Errorf("calls (-got +want)\n%s", diff)
	}
}

func TestSignInReadsWhatDynamoDBLeavesForLater(t *testing.T) {
	dynamo := server.NewServer()
	direct, client := open(t, dynamo)
	tabletest.Create(t, client, table, "mail")
	put(t, client, row())
	if err := direct.AddGuess(t.Context(), guesser, "aaaaaaaa", noon); err != nil {
		t.Fatal(err)
	}
	requests := 0
	users, _ := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 1 {
			_, _ = w.Write([]byte(`{"Responses":{},"UnprocessedKeys":{"users":{"Keys":[{"mail":{"S":"demo@example.com"}},{"mail":{"S":"guesses#` + guesser + `#1970544"}}]}}}`))
			return
		}
		dynamo.ServeHTTP(w, r)
	}))
	if _, found, guesses := signIn(t, users, noon); !found || len(guesses) != 1 || requests != 2 {
		t.Errorf("got %t, %v after %d requests, want user and guess after 2", found, guesses, requests)
	}
}

func TestFaultsOfSignIns(t *testing.T) {
	answer := func(items ...map[string]any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"Responses": map[string]any{"users": items}})
		}
	}
	s := func(text string) map[string]string { return map[string]string{"S": text} }
	good := map[string]any{"mail": s("planted@example.com"), "owner": s("0123456789abcdef0123"), "hash": s(hash), "role": s("user")}
	another := maps.Clone(good)
	another["mail"] = s("other@example.com")
	corrupt := maps.Clone(good)
	corrupt["role"] = s("planted")
	for name, handler := range map[string]http.HandlerFunc{
		"another's row":      answer(another),
		"a malformed row":    answer(corrupt),
		"another's guesses":  answer(good, map[string]any{"mail": s("guesses#planted")}),
		"malformed guesses":  answer(good, map[string]any{"mail": s(fmt.Sprintf("guesses#%s#%d", guesser, noon.Unix()/900)), "try-aaaaaaaa": s("planted")}),
		"a row without mail": answer(map[string]any{"owner": s("planted")}),
		"denied": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}`))
		},
	} {
		users, _ := open(t, handler)
		user, found, guesses, err := users.SignIn(t.Context(), "planted@example.com", guesser, noon)
		if err == nil || found || user.Owner != "" || guesses != nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: got %+v, %t, %v, %v, want an error without the mail", name, user, found, guesses, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	users, _ := open(t, answer())
	if err := users.AddGuess(ctx, guesser, "aaaaaaaa", noon); err == nil {
		t.Error("a guess that could not be recorded is no error")
	}
}
