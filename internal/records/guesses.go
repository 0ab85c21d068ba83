package records

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/identity"
)

// What a guesser has tried in a quarter of an hour is an item of the users table. Its key begins with guessesPrefix, which no
// mail does, since the rest has no @. It has an attribute for each wrong password: when it was tried last. DynamoDB deletes
// the item some time after forgetAt. No user's row has that attribute.
const (
	guessesPrefix     = "guesses#"
	tryPrefix         = "try-"
	forgetAtAttribute = "forgetAt"
)

// GuessesKept is how long guesses are kept at least.
const GuessesKept = 15 * time.Minute

// Guesses are the wrong passwords that a guesser (identity.Guesser) has tried: by identity.Try, when each was tried last.
type Guesses map[string]time.Time

// Since returns how many different passwords were tried after a time.
func (g Guesses) Since(after time.Time) int {
	count := 0
	for _, at := range g {
		if at.After(after) {
			count++
		}
	}
	return count
}

// SignIn reads, in one call, a user's row and what a guesser has tried within GuessesKept before now, both as they are. It
// reports false if the user has no row, or is leaving. Its errors do not hold the mail.
func (u *Users) SignIn(ctx context.Context, mail identity.Mail, guesser string, now time.Time) (user identity.User, found bool, guesses Guesses, err error) {
	keys := guessesKeys(guesser, now)
	wanted := types.KeysAndAttributes{ConsistentRead: aws.Bool(true), Keys: []item{userKey(mail)}}
	for _, key := range keys {
		wanted.Keys = append(wanted.Keys, item{mailAttribute: text(key)})
	}
	guesses = Guesses{}
	read := func(row item) (err error) {
		var key string
		switch readText(row[mailAttribute], &key); {
		case key == string(mail) && isLeaving(row): // no user any more
		case key == string(mail):
			user, err = toUser(row)
			found = err == nil
		case slices.Contains(keys, key):
			err = guesses.read(row)
		default:
			err = errors.New("the row is another's")
		}
		return err
	}
	wait := func(ctx context.Context, n int) error { return waitBy(ctx, pauseByClock, n) }
	if err := readBatch(ctx, u.client, u.table, wanted, read, wait); err != nil {
		return identity.User{}, false, nil, fmt.Errorf("reading a user: %w", err)
	}
	return user, found, guesses, nil
}

// AddGuess records what a guesser tries in vain now, for GuessesKept at least. What others record at the same time is kept.
func (u *Users) AddGuess(ctx context.Context, guesser, try string, now time.Time) error {
	_, err := u.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &u.table, Key: item{mailAttribute: text(guessesKeys(guesser, now)[0])},
		UpdateExpression:         aws.String("SET #try = :now, #forgetAt = :forgetAt"),
		ExpressionAttributeNames: map[string]string{"#try": tryPrefix + try, "#forgetAt": forgetAtAttribute},
		ExpressionAttributeValues: item{
			":now": number(now.Unix()), ":forgetAt": number(now.Add(2 * GuessesKept).Unix()),
		},
	})
	if err != nil {
		return fmt.Errorf("recording a guess: %w", err)
	}
	return nil
}

// guessesKeys returns the keys of a guesser's items of this quarter of an hour and of the one before.
func guessesKeys(guesser string, now time.Time) []string {
	quarter := now.Unix() / int64(GuessesKept/time.Second)
	return []string{
		fmt.Sprintf("%s%s#%d", guessesPrefix, guesser, quarter),
		fmt.Sprintf("%s%s#%d", guessesPrefix, guesser, quarter-1),
	}
}

// isGuesses reports whether a row is not of a user but of a guesser.
func isGuesses(row item) bool {
	var key string
	return readText(row[mailAttribute], &key) && strings.HasPrefix(key, guessesPrefix)
}

// read adds what an item of guesses holds.
func (g Guesses) read(row item) error {
	for name, value := range row {
		try, ok := strings.CutPrefix(name, tryPrefix)
		if !ok {
			continue
		}
		var seconds int64
		if !readNumber(value, &seconds) {
			return errors.New("what a guesser has tried is malformed")
		}
		if at := time.Unix(seconds, 0); at.After(g[try]) {
			g[try] = at
		}
	}
	return nil
}
