package api

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// units are the units of a size, the largest binary one first.
var units = []struct {
	name   string
	bytes  int64
	binary bool
}{
	{"TiB", 1 << 40, true},
	{"GiB", 1 << 30, true},
	{"MiB", 1 << 20, true},
	{"KiB", 1 << 10, true},
	{"B", 1, true},
	{"TB", 1e12, false},
	{"GB", 1e9, false},
	{"MB", 1e6, false},
	{"kB", 1e3, false},
}

var sizeText = regexp.MustCompile(`^([0-9]{1,19}) ?([kKMGT]?i?B)?$`)

// errSize is returned for a text that is not a size.
var errSize = errors.New(`not a size: must be whole bytes, or a whole number with a unit ` +
	`(B, KiB, MiB, GiB, TiB, kB, MB, GB, TB) such as "5 GiB"`)

// ParseSize returns the number of bytes that a text such as "5 GiB", "5 GB" or "1500" names. It returns an error for any
// other text, and for a size of more than math.MaxInt64 bytes.
func ParseSize(text string) (int64, error) {
	match := sizeText.FindStringSubmatch(text)
	if match == nil {
		return 0, errSize
	}
	number, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil {
		return 0, errSize
	}
	if match[2] == "" {
		return number, nil
	}
	for _, unit := range units {
		if unit.name == match[2] && number <= math.MaxInt64/unit.bytes {
			return number * unit.bytes, nil
		}
	}
	return 0, errSize
}

// FormatSize returns a size in the largest binary unit that divides it: "5 GiB", "1500 B", "0 B".
func FormatSize(bytes int64) string {
	for _, unit := range units {
		if unit.binary && bytes != 0 && bytes%unit.bytes == 0 {
			return fmt.Sprintf("%d %s", bytes/unit.bytes, unit.name)
		}
	}
	return "0 B"
}
