package identity

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// MinPassword is the fewest characters of a new password: ASVS 5.0, V6.2.1, asks for 8 at least. MaxPassword is the longest
// password, in bytes.
const (
	MinPassword = 12
	MaxPassword = 1 << 10
)

// Parameters of new hashes: the first choice of the OWASP Password Storage Cheat Sheet for argon2id.
const (
	newMemory  = 19 << 10 // KiB
	newTime    = 2
	newThreads = 1
	newSalt    = 16 // bytes
	newSum     = 32 // bytes
)

// ErrPassword is returned for a text that cannot be a password. It does not repeat the text.
var ErrPassword = errors.New("not a password: must be 1 to 1024 bytes of UTF-8 without control characters")

// ErrShortPassword is returned for a new password that is easily guessed because it is short.
var ErrShortPassword = fmt.Errorf("the password is too short: must have at least %d characters", MinPassword)

// CheckPassword returns ErrPassword when no user can have the password: HTTP's Basic scheme cannot carry it (RFC 7617,
// section 2), RFC 8265 does not allow it, or it is longer than MaxPassword.
func CheckPassword(password string) error {
	_, err := NormalizePassword(password)
	return err
}

// CheckNewPassword returns ErrPassword as CheckPassword does, and ErrShortPassword for a password of less than MinPassword
// characters in the form in which passwords are compared.
func CheckNewPassword(password string) error {
	normalized, err := NormalizePassword(password)
	if err == nil && utf8.RuneCountInString(normalized) < MinPassword {
		err = ErrShortPassword
	}
	return err
}

// NormalizePassword returns the form in which passwords are compared, whatever keyboard they were typed on: the profile
// OpaqueString of RFC 8265, which is NFC with every space as U+0020. It returns ErrPassword as CheckPassword does.
func NormalizePassword(password string) (string, error) {
	if len(password) > MaxPassword || !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return "", ErrPassword
	}
	normalized, err := precis.OpaqueString.String(password)
	if err != nil {
		return "", ErrPassword
	}
	return normalized, nil
}

// HashPassword derives what is stored of a password: argon2id (RFC 9106) with 19 MiB, 2 passes and one thread, and a
// salt from random, in PHC string format. It refuses what CheckNewPassword refuses.
func HashPassword(random io.Reader, password string) (string, error) {
	if err := CheckNewPassword(password); err != nil {
		return "", err
	}
	password, err := NormalizePassword(password)
	if err != nil {
		return "", err
	}
	p := phc{memory: newMemory, time: newTime, threads: newThreads, salt: make([]byte, newSalt)}
	if _, err := io.ReadFull(random, p.salt); err != nil {
		return "", fmt.Errorf("reading a salt: %w", err)
	}
	p.sum = p.derive(password, newSum)
	return p.String(), nil
}

// ErrSamePassword is returned for a new password that is the one that it should replace.
var ErrSamePassword = errors.New("the new password is the old one: choose another")

// HashPasswordBeside derives what is stored of a new password that is to be valid beside an old one, whose hash is given: with
// that hash's salt and parameters, so that one derivation verifies both (VerifyEither), and its time does not tell how many a
// user has. It refuses what CheckNewPassword refuses, and returns ErrSamePassword if both are the same.
func HashPasswordBeside(old, password string) (string, error) {
	if err := CheckNewPassword(password); err != nil {
		return "", err
	}
	is, _, err := VerifyEither(old, "", password)
	if err != nil {
		return "", err
	}
	if is {
		return "", ErrSamePassword
	}
	p, err := parsePHC(old)
	if err != nil {
		return "", fmt.Errorf("reading a password hash: %w", err)
	}
	if p.memory < newMemory || p.time < newTime {
		return "", errors.New("the old password's hash is weaker than new ones: it cannot stay valid")
	}
	if password, err = NormalizePassword(password); err != nil {
		return "", err
	}
	p.sum = p.derive(password, len(p.sum))
	return p.String(), nil
}

// UnknownUserHash is a hash with the parameters of HashPassword whose password nobody knows. Verifying against it
// costs what verifying against a user's costs, so that an unknown user and a wrong password take the same time.
func UnknownUserHash() string {
	return phc{newMemory, newTime, newThreads, make([]byte, newSalt), make([]byte, newSum)}.String()
}

// VerifyPassword reports whether password is the one that hash was made of, with the parameters that hash names:
// hashes made with longer parameters stay valid. It returns an error, without the hash, when hash is malformed or its
// parameters are out of bounds, and false without a derivation when CheckPassword refuses the password.
func VerifyPassword(hash, password string) (bool, error) {
	is, _, err := VerifyEither(hash, "", password)
	return is, err
}

// VerifyEither reports as VerifyPassword does, in one derivation, whether password is the one that hash or that old was made
// of. Old is empty, or was made beside hash by HashPasswordBeside: else it is an error.
func VerifyEither(hash, old, password string) (is, isOld bool, err error) {
	p, err := parsePHC(hash)
	if err != nil {
		return false, false, fmt.Errorf("reading a password hash: %w", err)
	}
	before := phc{sum: make([]byte, len(p.sum))}
	if old != "" {
		if before, err = p.beside(old); err != nil {
			return false, false, fmt.Errorf("reading the hash of an old password: %w", err)
		}
	}
	password, err = NormalizePassword(password)
	if err != nil {
		return false, false, nil
	}
	sum := p.derive(password, len(p.sum))
	is = subtle.ConstantTimeCompare(sum, p.sum) == 1
	isOld = subtle.ConstantTimeCompare(sum, before.sum) == 1 && old != ""
	return is, isOld, nil
}

// beside reads a hash that must differ from p in its sum alone.
func (p phc) beside(old string) (phc, error) {
	before, err := parsePHC(old)
	if err != nil {
		return phc{}, err
	}
	same := before
	same.sum = p.sum
	if same.String() != p.String() || len(before.sum) != len(p.sum) || string(before.sum) == string(p.sum) {
		return phc{}, errors.New("must have the salt and the parameters of the new password's hash")
	}
	return before, nil
}

func (p phc) derive(password string, size int) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(size))
}

// Bounds of the parameters that a stored hash may name. The upper ones keep a bad row from eating the function's
// memory and time, the lower ones keep a weak hash from being accepted.
const (
	minMemory, maxMemory   = 7 << 10, 64 << 10 // KiB
	minTime, maxTime       = 1, 16
	minThreads, maxThreads = 1, 8
	minSalt, maxSalt       = 8, 64  // bytes
	minSum, maxSum         = 16, 64 // bytes
)

var errPHC = errors.New("must be $argon2id$v=19$m=…,t=…,p=…$salt$hash in base64 without padding")

// A phc is an argon2id hash in PHC string format
// (https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md).
type phc struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
	salt    []byte
	sum     []byte
}

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.sum))
}

func parsePHC(s string) (phc, error) {
	fields := strings.Split(s, "$")
	if len(fields) != 6 {
		return phc{}, errPHC
	}
	var p phc
	_, parametersErr := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads)
	salt, saltErr := base64.RawStdEncoding.DecodeString(fields[4])
	sum, sumErr := base64.RawStdEncoding.DecodeString(fields[5])
	p.salt, p.sum = salt, sum
	// Scanning and decoding are lenient (signs, leading zeros, line breaks): only what String writes is accepted.
	if parametersErr != nil || saltErr != nil || sumErr != nil || p.String() != s {
		return phc{}, errPHC
	}
	return p, p.check()
}

func (p phc) check() error {
	return errors.Join(
		bound("m", int(p.memory), minMemory, maxMemory),
		bound("t", int(p.time), minTime, maxTime),
		bound("p", int(p.threads), minThreads, maxThreads),
		bound("bytes of salt", len(p.salt), minSalt, maxSalt),
		bound("bytes of hash", len(p.sum), minSum, maxSum),
	)
}

func bound(name string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("%s is %d: must be %d to %d", name, value, least, most)
	}
	return nil
}
