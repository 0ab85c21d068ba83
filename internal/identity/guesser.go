package identity

import (
	"encoding/hex"
	"net/netip"

	"golang.org/x/crypto/blake2b"
)

// Bits of the part of an address that one customer of a network has.
// Source: RIPE-690 and RFC 6177 for IPv6, whose customers get a /56 and can change the rest of an address at will. A /24 is
// the smallest IPv4 network that is routed by itself.
const (
	networkIPv4 = 24
	networkIPv6 = 56
)

// Bytes of the digests of a guesser and of a try. That of a try is short, so that many passwords have the same one.
const (
	guesserSize = 16
	trySize     = 4
)

// Guesser names those who try passwords for a mail from one network, and tells neither: 32 hexadecimal digits. The network is
// the address's /24 or, for IPv6, its /56. Texts that are no address are one network. It panics as Owner does.
func Guesser(key []byte, mail Mail, address string) string {
	return digest(key, guesserSize, string(mail)+"\x00"+network(address))
}

// Try names a password that a guesser has tried: 8 hexadecimal digits. It panics as Owner does.
func Try(key []byte, guesser, password string) string {
	return digest(key, trySize, guesser+"\x00"+password)
}

func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := networkIPv6
	if ip.Is4() {
		bits = networkIPv4
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// digest returns the keyed BLAKE2b digest of a text (RFC 7693), of size bytes, in hexadecimal digits. Digests of different
// sizes have nothing in common. It panics on a key that CheckKey refuses, because a weak key would give the text away.
func digest(key []byte, size int, text string) string {
	if err := CheckKey(key); err != nil {
		panic(err)
	}
	hash, err := blake2b.New(size, key)
	if err != nil {
		panic(err)
	}
	hash.Write([]byte(text))
	return hex.EncodeToString(hash.Sum(nil))
}
