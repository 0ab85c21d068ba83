package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// A size is a number of bytes.
type size int64

// Units of a size, the largest first.
var units = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

var (
	sizeText = regexp.MustCompile(`^([0-9]{1,19}) ?(B|KiB|MiB|GiB|TiB)?$`)
	errSize  = errors.New(`not a size: allowed are whole bytes, or a number with a unit (B, KiB, MiB, GiB, TiB) such as "5 GiB"`)
)

// UnmarshalText reads a size as a stage in cdk.json has it: "5 GiB", or a plain number of bytes.
func (s *size) UnmarshalText(text []byte) error {
	match := sizeText.FindSubmatch(text)
	if match == nil {
		return errSize
	}
	number, err := strconv.ParseInt(string(match[1]), 10, 64)
	if err != nil {
		return errSize
	}
	for _, unit := range units {
		if unit.name == string(match[2]) {
			if number > math.MaxInt64/unit.bytes {
				return errSize
			}
			number *= unit.bytes
		}
	}
	*s = size(number)
	return nil
}

// String writes the size in the largest unit that holds it in whole: "5 GiB", "1500 B".
func (s size) String() string {
	for _, unit := range units {
		if s != 0 && int64(s)%unit.bytes == 0 {
			return fmt.Sprintf("%d %s", int64(s)/unit.bytes, unit.name)
		}
	}
	return "0 B"
}

// bytes is the number of bytes, nil for no size.
func (s *size) bytes() *int64 { return (*int64)(s) }
