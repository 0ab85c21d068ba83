package upload_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"postern/api"
	"postern/internal/upload"
)

// labels are n labels, none twice.
func labels(n int) *[]string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return &all
}

func TestCheckPatch(t *testing.T) {
	const (
		titles       = ": must be at most 300 characters of UTF-8 without control characters"
		descriptions = ": must be at most 2000 characters of UTF-8 without control characters except line feeds and tabs"
		words        = ": must be 1 to 64 characters of UTF-8 without control characters"
	)
	long := strings.Repeat("x", 2001)
	for _, test := range []struct {
		patch upload.Patch
		want  string
	}{
		{upload.Patch{Title: new("")}, ""},
		{upload.Patch{Title: new(strings.Repeat("🎬", 300))}, ""}, // no metadata has to hold it
		{upload.Patch{Description: new("")}, ""},
		{upload.Patch{Description: new(strings.Repeat("é", 1998) + "\n\t")}, ""},
		{upload.Patch{Description: new(strings.Repeat("\r\n", 2000))}, ""},
		{upload.Patch{Labels: &[]string{}}, ""},
		{upload.Patch{Labels: labels(20)}, ""},
		{upload.Patch{Labels: &[]string{strings.Repeat("é", 64), "a", "A", " "}}, ""},
		{upload.Patch{Title: new("a"), Description: new("b"), Labels: &[]string{"c"}}, ""},

		{upload.Patch{}, "the patch is empty: must have title, description or labels"},
		{upload.Patch{Title: new(long[:301])}, `title "` + long[:64] + `"… has 301 characters` + titles},
		{upload.Patch{Title: new(long[:2000])}, `title "` + long[:64] + `"… has 2000 characters` + titles},
		{upload.Patch{Title: new("a\nb")}, `title "a\nb" has a control character` + titles},
		{upload.Patch{Title: new("a\tb")}, `title "a\tb" has a control character` + titles},
		{upload.Patch{Title: new("a\x00")}, `title "a\x00" has a control character` + titles},
		{upload.Patch{Title: new("a\xff")}, `title "a\xff" is not UTF-8` + titles},
		{upload.Patch{Description: &long}, `description "` + long[:64] + `"… has 2001 characters` + descriptions},
		{upload.Patch{Description: new("a\rb")}, `description "a\rb" has a control character` + descriptions},
		{upload.Patch{Description: new("a\r\r\nb")}, `description "a\r\nb" has a control character` + descriptions},
		{upload.Patch{Description: new("a\x1b[31m")}, `description "a\x1b[31m" has a control character` + descriptions},
		{upload.Patch{Description: new("a\u0085")}, `description "a\u0085" has a control character` + descriptions},
		{upload.Patch{Description: new("\xed\xa0\x80")}, `description "\xed\xa0\x80" is not UTF-8` + descriptions},
		{upload.Patch{Labels: labels(21)}, "labels are 21: must be at most 20"},
		{upload.Patch{Labels: &[]string{"a", ""}}, `labels[1] "" has 0 characters` + words},
		{upload.Patch{Labels: &[]string{long[:65]}}, `labels[0] "` + long[:64] + `"… has 65 characters` + words},
		{upload.Patch{Labels: &[]string{"a\nb"}}, `labels[0] "a\nb" has a control character` + words},
		{upload.Patch{Labels: &[]string{"a", "b", "a"}}, `labels[2] "a" is given before: must be given once`},
	} {
		_, err := upload.NewPatch(api.UploadPatch(test.patch))
		var got *upload.Error
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%+v: %v", test.patch, err)
		case test.want != "" && (!errors.As(err, &got) || got.Code != api.InvalidRequest || got.Message != test.want):
			t.Errorf("got %v\nwant %s", err, test.want)
		}
	}
}

// A body of PATCH is a patch, but for its line ends.
func TestNewPatch(t *testing.T) {
	body := api.UploadPatch{Title: new("a"), Description: new("\r\nb\nc\r\n\r\n"), Labels: &[]string{"c"}}
	patch, err := upload.NewPatch(body)
	if err != nil || patch.Title != body.Title || *patch.Description != "\nb\nc\n\n" || patch.Labels != body.Labels {
		t.Errorf("got %+v, %v, want %+v", patch, err, body)
	}
	if *body.Description != "\r\nb\nc\r\n\r\n" {
		t.Error("the body has changed")
	}
}
