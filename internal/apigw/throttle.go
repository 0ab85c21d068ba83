package apigw

import (
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
)

// maxBuckets bounds how many buckets a Throttle remembers.
const maxBuckets = 4096

// A Throttle keeps one caller from taking what the API has for all. It is safe for concurrent use.
//
// A caller has a token bucket for each owner that it acts for, as a rule for itself alone. So a service that does much for
// one user slows neither that user's own requests nor its work for others. What a service does for others takes from one
// more bucket, the service's own, so that it leaves room for everybody else.
//
// All guests with links of one owner share a bucket, besides the owner's own.
//
// The buckets are in the memory of this process. A caller whose requests reach several processes of a function at once
// may send up to so many times as much.
type Throttle struct {
	limits contract.Throttle
	now    func() time.Time

	mu   sync.Mutex
	full map[bucket]time.Time // when each bucket is full again; one that is missing is full
}

// A bucket names the requests that take from the same tokens.
type bucket struct {
	principal string
	owner     string // empty: all owners that the principal acts for
}

// guests is in the place of the owner in the bucket of all who hold a link of the owner: they take nothing from the owner's own.
const guests = "guests"

// NewThrottle returns a throttle whose buckets are full. Every rate and burst must be at least 1.
func NewThrottle(limits contract.Throttle, now func() time.Time) *Throttle {
	return &Throttle{limits: limits, now: now, full: map[bucket]time.Time{}}
}

// errThrottled is returned when a caller must wait. A rate is one token a second or more, so a second is enough.
var errThrottled = errors.New("too many requests: wait a second")

// retryAfter is how long a caller must wait, in seconds.
const retryAfter = 1

// admit takes a token for an event from each of its buckets. It returns errThrottled, and takes none, if one of them is
// empty. An event without a caller passes: it is refused when it is read.
func (t *Throttle) admit(event *events.APIGatewayProxyRequest) error {
	principal, _ := event.RequestContext.Authorizer[contextPrincipal].(string)
	if t == nil || !api.IsOwner(principal) {
		return nil
	}
	owner, _ := event.RequestContext.Authorizer[contextOwner].(string)
	if owner == "" { // of a malformed mail
		owner = principal
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	own, all := bucket{principal, owner}, bucket{principal, ""}
	if event.RequestContext.Authorizer[contextRole] == RoleGuest {
		own.owner = guests
	}
	ownFull, ok := take(t.full[own], now, t.limits.OwnerRate, t.limits.OwnerBurst)
	if !ok {
		return errThrottled
	}
	t.forget(now)
	if owner != principal {
		allFull, ok := take(t.full[all], now, t.limits.ServiceRate, t.limits.ServiceBurst)
		if !ok {
			return errThrottled
		}
		t.full[all] = allFull
	}
	t.full[own] = ownFull
	return nil
}

// take returns when a bucket, which is full at a time, is full once a token is taken from it. It reports false if it has
// none. A bucket of burst tokens gets rate tokens a second.
// Source: ITU-T I.371, annex A, "Generic cell rate algorithm".
func take(full, now time.Time, rate, burst int64) (time.Time, bool) {
	token := time.Second / time.Duration(rate)
	empty := now.Add(token * time.Duration(burst)) // when a bucket is full that has no token now
	if full.Before(now) || full.After(empty) {     // After: the clock was set back
		full = now
	}
	full = full.Add(token)
	return full, !full.After(empty)
}

// forget makes room for two more buckets: first of those that are full again, then of any.
func (t *Throttle) forget(now time.Time) {
	if len(t.full)+2 <= maxBuckets {
		return
	}
	for name, full := range t.full {
		if !full.After(now) {
			delete(t.full, name)
		}
	}
	for name := range t.full {
		if len(t.full) <= maxBuckets/2 {
			return
		}
		delete(t.full, name)
	}
}
