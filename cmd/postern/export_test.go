package main

import (
	"testing"

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
