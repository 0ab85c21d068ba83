package main

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/internal/identity"
)

// NoticeAlways has all progress written that no terminal shows, until the test ends.
func NoticeAlways(t *testing.T) {
	before := noticeEvery
	noticeEvery = 0
	t.Cleanup(func() { noticeEvery = before })
}

// RealMain is realMain.
var RealMain = realMain

// CheckNewPassword is checkNewPassword.
func CheckNewPassword(user identity.Mail, password string) error {
	return checkNewPassword(user, password)
}

// Fold, Stem and UnitOf are what passwords are compared by with the common ones.
var (
	Fold   = fold
	Stem   = stem
	UnitOf = unitOf
)

// CommonPasswords are commonPasswords.
var CommonPasswords = commonPasswords

// ShortestUnit is shortestUnit.
const ShortestUnit = shortestUnit

// HostRegion returns what hostRegion finds.
func HostRegion(host string) string {
	if found := hostRegion.FindStringSubmatch(host); found != nil {
		return found[1]
	}
	return ""
}

// An EventWatch is an eventWatch.
type EventWatch struct{ eventWatch }

// NewBusWatch returns what newBusWatch does.
func NewBusWatch(config aws.Config, owner string) EventWatch {
	return EventWatch{newBusWatch(config, owner)}
}

// Begin, Next and End are begin, next and end.
func (w EventWatch) Begin(ctx context.Context) error                { return w.begin(ctx) }
func (w EventWatch) Next(ctx context.Context) ([]smokeEvent, error) { return w.next(ctx) }
func (w EventWatch) End(ctx context.Context) error                  { return w.end(ctx) }
