package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"postern/internal/identity"
)

// commonPasswords are passwords that guessers try first, a line each, sorted and folded as fold does. They are the long ones
// of the million most common, and what the ten thousand most common are without their trailing digits. The test
// TestCommonPasswords makes the file anew.
// Source: SecLists, Passwords/Common-Credentials/10-million-password-list-top-1000000.txt, MIT licence.
//
//go:embed common.txt.gz
var commonPasswords []byte

var (
	errCommonPassword = errors.New("the password is a common one, which guessers try first: choose another, or --generate one")
	errOwnName        = errors.New("the password is made of the user's mail address or of the product's name: choose another, or --generate one")
)

// shortestUnit is the fewest characters that a password may repeat, such as "abcde" twice and more.
const shortestUnit = 5

// checkNewPassword returns an error for a password that a user may not get: one that identity.CheckNewPassword refuses, a
// common one, a repetition, or the user's own name. Digits and signs at its end do not make another password of it. The error
// does not hold the password.
// Source: NIST SP 800-63B-4, 3.1.1.2.
func checkNewPassword(user identity.Mail, password string) error {
	if err := identity.CheckNewPassword(password); err != nil {
		return err
	}
	normalized, err := identity.NormalizePassword(password)
	if err != nil {
		return err
	}
	folded := fold(normalized)
	unit := unitOf(folded)
	names, _, _ := strings.Cut(string(user), "@")
	for _, word := range []string{folded, stem(folded), stem(unit)} {
		if word == names || word == string(user) || word == "postern" {
			return errOwnName
		}
	}
	if unit != folded && utf8.RuneCountInString(unit) < shortestUnit {
		return errCommonPassword
	}
	return refuseCommon(folded, stem(folded), unit, stem(unit))
}

// refuseCommon returns errCommonPassword if one of the words is a line of commonPasswords.
func refuseCommon(words ...string) error {
	list, err := gzip.NewReader(bytes.NewReader(commonPasswords))
	if err != nil {
		return fmt.Errorf("reading the common passwords: %w", err)
	}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		for _, word := range words {
			if lines.Text() == word {
				return errCommonPassword
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the common passwords: %w", err)
	}
	return nil
}

// fold returns a password without the difference of upper and lower case.
func fold(password string) string { return strings.ToLower(password) }

// stem returns a folded password without the digits and signs at its end.
func stem(folded string) string {
	return strings.TrimRightFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) })
}

// unitOf returns what a text consists of by repetition: "abc" of "abcabc", and "abcd" of itself.
func unitOf(text string) string {
	for size := 1; size <= len(text)/2; size++ {
		if len(text)%size == 0 && strings.Repeat(text[:size], len(text)/size) == text {
			return text[:size]
		}
	}
	return text
}
