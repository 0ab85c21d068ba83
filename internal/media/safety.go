package media

import (
	"regexp"
	"slices"
	"strings"

	"postern/internal/contract"
)

// isUnsafe reports whether unpacking an archive would do harm: too many entries, too much data, links, or names outside
// of the folder that it is unpacked to. Of a directory that is larger than what may be read, only a part is seen.
// Source: OWASP ASVS 5.0, V5.2.3 to V5.2.5 and V5.3.3.
func (f *file) isUnsafe(rules contract.Inspection) bool {
	l := f.entries
	var packed, unpacked uint64
	for _, e := range l.entries {
		packed, unpacked = packed+e.packed, unpacked+e.unpacked
		if e.unpacked > uint64(rules.MaxUnpacked) || unpacked > uint64(rules.MaxUnpacked) {
			return true
		}
	}
	const little = 1 << 20 // bytes that do no harm, however small they are packed
	isBomb := unpacked > little && unpacked/uint64(max(f.size, 1)) >= uint64(rules.MaxRatio)
	overlaps := l.isWhole && packed > uint64(f.size)
	return isBomb || overlaps || max(l.count, int64(len(l.entries))) > rules.MaxEntries ||
		slices.ContainsFunc(l.entries, func(e entry) bool { return e.isLink() || climbs(e.name) })
}

// isLink reports whether an entry is a symbolic link.
func (e entry) isLink() bool {
	const kinds, link = 0o170000, 0o120000
	return e.mode&kinds == link
}

// drive is a name that begins with a drive of Windows.
var drive = regexp.MustCompile(`^[a-zA-Z]:(?:\S|$)`)

// climbs reports whether a name is absolute, or leads out of the folder that it is unpacked to.
func climbs(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	return strings.HasPrefix(name, "/") || drive.MatchString(name) || slices.Contains(strings.Split(name, "/"), "..")
}
