package records

import (
	"time"

	"postern/internal/identity"
)

// addScope adds to a row what the scope limits.
func addScope(row item, scope identity.Scope) {
	if len(scope.May) > 0 {
		row[mayAttribute] = text(scope.May.String())
	}
	if scope.For != "" {
		row[forAttribute] = text(string(scope.For))
	}
	if !scope.Expires.IsZero() {
		row[expiresAttribute] = number(scope.Expires.Unix())
	}
}

// toScope reads what addScope wrote. An attribute that is there and limits nothing is malformed: it was to limit something.
func toScope(row item) (scope identity.Scope, err error) {
	if value, ok := row[mayAttribute]; ok {
		var rights string
		readText(value, &rights)
		if scope.May, err = identity.ParseRights(rights); err != nil {
			return identity.Scope{}, malformed(mayAttribute)
		}
	}
	if value, ok := row[forAttribute]; ok {
		var mails string
		readText(value, &mails)
		if scope.For, err = identity.ParseMails(mails); err != nil {
			return identity.Scope{}, malformed(forAttribute)
		}
	}
	if value, ok := row[expiresAttribute]; ok {
		var seconds int64
		if !readNumber(value, &seconds) || seconds <= 0 {
			return identity.Scope{}, malformed(expiresAttribute)
		}
		scope.Expires = time.Unix(seconds, 0)
	}
	return scope, nil
}
