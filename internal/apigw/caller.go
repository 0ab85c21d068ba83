package apigw

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

// A Caller is on whose behalf a request acts, as the authorizer found it. A handler takes it from the event's request
// context and from nowhere else.
type Caller struct {
	// Principal is who calls, as an owner: Owner itself, unless a service acts for another. API Gateway hands it on from
	// the authorizer's answer, of which it is no part of the context.
	Principal string

	Owner   string // owner acted for: 20 hexadecimal digits; empty in an authorizer's answer: see ErrNoOwner
	Role    string // role of the caller, never empty
	MaxSize int64  // largest upload of the owner, in bytes
	Quota   int64  // how much the owner may keep in all, in bytes
	// Remaining is what was left of the quota at most a minute ago, in bytes, 0 to Quota.
	Remaining int64
	// FileQuota is how many files the owner may keep in all. RemainingFiles is what was left of that at most a minute ago, 0
	// to FileQuota.
	FileQuota, RemainingFiles int64
	// Key is the owner's derived key. It is a secret.
	Key upload.DerivedKey
	// Folders are those that the caller may use. Empty: all of the stage.
	Folders []string
	// Mail is the caller's own, on a route that needs no right alone, or the owner's on one that makes links. It is personal: it
	// goes into no log.
	Mail string
	// Expires is when the caller's credentials end, on a route that makes links. Zero: they do not.
	Expires time.Time
	// Link is the link for guests that the caller holds, without a mail. Nil: the caller is a user.
	Link *GuestLink
}

// roleService is the role of a caller who may act for others, as package identity has it.
const roleService = "service"

// IsService reports whether the caller has the role service.
func (c Caller) IsService() bool { return c.Role == roleService }

// A GuestLink is a link for guests, and what had become of it at most a minute ago.
type GuestLink struct {
	upload.Link
	State upload.LinkState
}

// RoleGuest is the role of a caller who holds a link.
const RoleGuest = "guest"

// Limits returns what the caller may upload at once. It leaves Folder to the format, and Text to the file.
func (c Caller) Limits() upload.Limits {
	return upload.Limits{
		User: c.MaxSize, Quota: c.Quota, Remaining: c.Remaining, FileQuota: c.FileQuota, RemainingFiles: c.RemainingFiles,
	}
}

// Table returns what of a stage's format table the caller may use.
func (c Caller) Table(stage contract.Folders) contract.Folders {
	table := stage.Only(c.Folders)
	if c.Link != nil {
		table = table.OnlyExtensions(c.Link.Formats)
	}
	return table
}

// Opens reports whether the caller may use the folder of an object key.
func (c Caller) Opens(key string) bool {
	folder, _, _ := strings.Cut(key, "/")
	return len(c.Folders) == 0 || slices.Contains(c.Folders, folder)
}

// Names of the members of the authorizer's context.
const (
	contextPrincipal      = "principalId" // which API Gateway adds
	contextOwner          = "owner"
	contextRole           = "role"
	contextMaxSize        = "maxSize"
	contextQuota          = "quota"
	contextRemaining      = "remaining"
	contextFileQuota      = "fileQuota"
	contextRemainingFiles = "remainingFiles"
	contextKey            = "key"
	contextFolders        = "folders" // with commas between; only of a caller who may not use all
	contextMail           = "mail"    // only on a route that needs no right, or makes links
	contextExpires        = "expires" // RFC 3339; only on a route that makes links
	contextLink           = "link"    // JSON in base64url; only of a guest
)

// ErrNoCaller is returned when a request context is not one that the authorizer made.
var ErrNoCaller = errors.New("the request context holds no caller")

// ErrNoOwner is returned when the authorizer knows who calls but not for whom: the query's mail or subject is malformed
// or given more than once, or both are given.
var ErrNoOwner = errors.New("the request context holds no owner")

// Context returns the caller as an authorizer's context, which goes with its principal. Every value is a string, as API
// Gateway hands it on.
func (c Caller) Context() map[string]any {
	context := map[string]any{
		contextOwner:          c.Owner,
		contextRole:           c.Role,
		contextMaxSize:        strconv.FormatInt(c.MaxSize, 10),
		contextQuota:          strconv.FormatInt(c.Quota, 10),
		contextRemaining:      strconv.FormatInt(c.Remaining, 10),
		contextFileQuota:      strconv.FormatInt(c.FileQuota, 10),
		contextRemainingFiles: strconv.FormatInt(c.RemainingFiles, 10),
		contextKey:            c.Key.Text(),
	}
	if len(c.Folders) > 0 {
		context[contextFolders] = strings.Join(c.Folders, ",")
	}
	if c.Mail != "" {
		context[contextMail] = c.Mail
	}
	if !c.Expires.IsZero() {
		context[contextExpires] = c.Expires.UTC().Format(time.RFC3339)
	}
	if c.Link != nil {
		context[contextLink] = c.Link.text()
	}
	return context
}

// CallerFrom reads the caller from an event's requestContext.authorizer. It fails closed: an empty owner is ErrNoOwner,
// any other missing or malformed member is an error that wraps ErrNoCaller.
func CallerFrom(context map[string]any) (Caller, error) {
	text := func(name string) string {
		s, _ := context[name].(string)
		return s
	}
	var malformed string // the first number that is
	number := func(name string, most int64) int64 {
		n, err := strconv.ParseInt(text(name), 10, 64)
		if malformed == "" && (err != nil || n < 0 || n > most) {
			malformed = name
		}
		return n
	}
	key, keyErr := upload.ParseKey(text(contextKey))
	caller := Caller{
		Principal: text(contextPrincipal),
		Owner:     text(contextOwner),
		Role:      text(contextRole),
		MaxSize:   number(contextMaxSize, math.MaxInt64),
		Quota:     number(contextQuota, math.MaxInt64),
		Key:       key,
		Mail:      text(contextMail),
	}
	if _, ok := context[contextFolders]; ok {
		caller.Folders = strings.Split(text(contextFolders), ",") // a malformed list is one folder, which no stage has
	}
	linkErr := caller.readLink(context)
	caller.Remaining = number(contextRemaining, caller.Quota)
	caller.FileQuota = number(contextFileQuota, math.MaxInt64)
	caller.RemainingFiles = number(contextRemainingFiles, caller.FileQuota)
	switch {
	case !api.IsOwner(caller.Principal):
		return Caller{}, fmt.Errorf("%w: principalId", ErrNoCaller)
	case caller.Owner != "" && !api.IsOwner(caller.Owner):
		return Caller{}, fmt.Errorf("%w: owner", ErrNoCaller)
	case caller.Role == "":
		return Caller{}, fmt.Errorf("%w: role", ErrNoCaller)
	case linkErr != nil:
		return Caller{}, linkErr
	case malformed != "":
		return Caller{}, fmt.Errorf("%w: %s", ErrNoCaller, malformed)
	case caller.Owner == "":
		return Caller{}, ErrNoOwner
	case keyErr != nil:
		return Caller{}, fmt.Errorf("%w: key", ErrNoCaller)
	}
	return caller, nil
}
