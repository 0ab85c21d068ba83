package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

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
