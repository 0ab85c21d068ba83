package upload_test

import (
	"strings"
	"testing"

	"postern/internal/upload"
)

func TestQuote(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"", `""`},
		{"clip.mp4", `"clip.mp4"`},
		{"a\r\nb\x00\xff\"", `"a\r\nb\x00\xff\""`},
		{"a\u202eb", `"a\u202eb"`},
		{strings.Repeat("x", 64), `"` + strings.Repeat("x", 64) + `"`},
		{strings.Repeat("x", 65), `"` + strings.Repeat("x", 64) + `"…`},
		{strings.Repeat("x", 63) + "ä", `"` + strings.Repeat("x", 63) + `"…`},
		{strings.Repeat("\xbf", 65), `"` + strings.Repeat(`\xbf`, 60) + `"…`},
	} {
		if got := upload.Quote(test.value); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.value, got, test.want)
		}
	}
}
