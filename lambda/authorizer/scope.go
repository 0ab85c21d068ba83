package main

import (
	"fmt"
	"time"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/identity"
)

// checkScope returns the right that the event's route needs. It returns a forbidden if a caller with this scope may not use that
// route, or not any more. The route is the one that API Gateway found: nothing else of a request says what it asks for. The end
// is looked at for each request, so that it holds to the second for callers who are remembered, too.
func checkScope(scope identity.Scope, event request, now time.Time) (api.Right, error) {
	if scope.IsExpired(now) {
		return "", forbidden("your credentials have expired, at " + scope.Expires.UTC().Format(time.RFC3339) + ": ask who runs this service, or make a new key")
	}
	route, ok := contract.RouteOf(event.Resource, event.HTTPMethod)
	switch {
	case !ok || route.Public:
		return "", forbidden("no right goes with this route")
	case scope.Allows(route.Right):
		return route.Right, nil
	case route.Right == "":
		return "", forbidden("this route needs credentials with every right: yours have only " + scope.May.String())
	default:
		return "", forbidden(fmt.Sprintf("your credentials lack the right %s, which this route needs: they have %s", route.Right, scope.May))
	}
}
