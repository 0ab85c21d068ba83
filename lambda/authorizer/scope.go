package main

import (
	"fmt"
	"time"

	"postern/internal/contract"
	"postern/internal/identity"
)

// checkScope returns a forbidden if a caller with this scope may not use the route of the event, or not any more. The route
// is the one that API Gateway found: nothing else of a request says what it asks for. The end is looked at for each request,
// so that it holds to the second for callers who are remembered, too.
func checkScope(scope identity.Scope, event request, now time.Time) error {
	if scope.IsExpired(now) {
		return forbidden("your account has expired, at " + scope.Expires.UTC().Format(time.RFC3339) + ": ask who runs this service to extend it")
	}
	route, ok := contract.RouteOf(event.Resource, event.HTTPMethod)
	switch {
	case !ok || route.Public:
		return forbidden("no right goes with this route")
	case scope.Allows(route.Right):
		return nil
	case route.Right == "":
		return forbidden("this route is for accounts with every right: yours has only " + scope.May.String())
	default:
		return forbidden(fmt.Sprintf("your account lacks the right %s, which this route needs: it has %s", route.Right, scope.May))
	}
}
