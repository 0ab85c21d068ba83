package main

import "postern/internal/identity"

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
