package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"
)

// maker is a caller who makes links.
func maker() apigw.Caller {
	return apigw.Caller{
		Owner: owner, Role: "user", MaxSize: 1 << 30, Quota: 10 << 30, Remaining: 9 << 30, FileQuota: 50, RemainingFiles: 40, Key: key,
		Mail: marker + "@example.com",
	}
}

func TestCreateLink(t *testing.T) {
	p := newPresigner(t)
	var log bytes.Buffer
	p.log = slog.New(slog.NewJSONHandler(&log, nil))
	got, err := p.createLink(t.Context(), apigw.Request[api.LinkRequest]{Caller: maker(), ID: "request-1", Body: api.LinkRequest{
		From: "Ann " + marker, Note: new("The film " + marker), Folders: &[]string{"videos"}, Count: new(int64(3)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := api.Link{
		ID: got.ID, From: "Ann " + marker, Note: "The film " + marker, Folders: []string{"videos"}, MaxSize: 1 << 30, Count: 3,
		CreatedAt: api.Time{Time: now.Local()}, Until: api.Time{Time: now.AddDate(0, 0, 7).Truncate(time.Second)}, Token: got.Token,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("link (-got +want)\n%s", diff)
	}
	token, err := upload.ParseLinkToken(got.Token)
	if err != nil || token.Owner != owner {
		t.Fatalf("token of %s, %v", token.Owner, err)
	}
	sealed := upload.Link{
		ID: got.ID, Mail: marker + "@example.com", From: "Ann " + marker, Note: "The film " + marker, Folders: []string{"videos"}, MaxSize: 1 << 30, Count: 3,
		Made: now.UnixMilli(),
	}
	link, ok := key.OpenLink(token)
	if diff := cmp.Diff(link, sealed); !ok || diff != "" {
		t.Errorf("sealed: %t (-got +want)\n%s", ok, diff)
	}
	if !strings.Contains(log.String(), got.ID) || strings.Contains(log.String(), got.Token[5:45]) || strings.Contains(log.String(), marker) {
		t.Errorf("log %s", &log)
	}
	narrow := maker()
	narrow.Folders, narrow.Expires = []string{"documents"}, now.Add(time.Hour)
	if got, err := p.createLink(t.Context(), apigw.Request[api.LinkRequest]{Caller: narrow, Body: api.LinkRequest{From: "Ann"}}); err != nil ||
		!cmp.Equal(got.Folders, narrow.Folders) || !got.Until.Equal(now.Add(time.Hour).Truncate(time.Second)) {
		t.Errorf("of a narrow key: %+v, %v", got, err)
	}
	if _, err := p.createLink(t.Context(), apigw.Request[api.LinkRequest]{Caller: maker()}); err == nil {
		t.Error("without a sender: made")
	}
}

// guest is a caller who holds a link with the state. It ends in an hour.
func guest(t *testing.T, link upload.Link, state upload.LinkState) apigw.Caller {
	t.Helper()
	if link.Count == 0 {
		link.Count = 10
	}
	link.Made = now.UnixMilli()
	made, _, err := key.NewLink(owner, link, now.Add(time.Hour), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	caller := maker()
	caller.Role, caller.Mail, caller.MaxSize, caller.Folders = apigw.RoleGuest, "", 1<<20, link.Folders
	caller.Link = &apigw.GuestLink{Link: made, State: state}
	return caller
}

func TestGrantToAGuest(t *testing.T) {
	caller := guest(t, upload.Link{Total: 5000}, upload.LinkState{})
	p := newPresigner(t)
	for via, sealedIn := range map[string]func(api.UploadGrant) string{
		api.ViaPut:       func(g api.UploadGrant) string { return g.Headers["X-Amz-Meta-Postern"] },
		api.ViaForm:      func(g api.UploadGrant) string { return g.Fields["x-amz-meta-postern"] },
		api.ViaMultipart: func(g api.UploadGrant) string { return g.Create.Headers["X-Amz-Meta-Postern"] },
	} {
		got, err := p.upload(caller, api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Zoë 🏖"), Via: &via}, new(tally))
		if err != nil {
			t.Fatal(err)
		}
		checkSealed(t, got.Key, sealedIn(got), upload.Declared{
			Quota: 10 << 30, Files: 50, Size: 7, Filename: "a.mp4", Guest: "Zoë 🏖", Link: caller.Link.Limits(),
		})
	}
}

func TestGuestsAreRefused(t *testing.T) {
	full := guest(t, upload.Link{}, upload.LinkState{})
	full.Remaining = 3
	full.Quota = 20
	for _, test := range []struct {
		name   string
		caller apigw.Caller
		file   api.UploadRequest
		want   string
	}{
		{"no name", guest(t, upload.Link{}, upload.LinkState{}), api.UploadRequest{Filename: "a.mp4", Size: 7}, "field guest is missing: must be your name, 1 to 100 characters"},
		{"name that turns", guest(t, upload.Link{}, upload.LinkState{}), api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("a\u202eb")}, `guest "a\u202eb" has a character that turns or breaks the text around it: must be 1 to 100 characters of UTF-8 without control characters`},
		{"format", guest(t, upload.Link{Formats: []string{"pdf"}}, upload.LinkState{}), api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, `extension of filename "a.mp4" is not supported: must be one of pdf`},
		{"folder", guest(t, upload.Link{Folders: []string{"documents"}}, upload.LinkState{}), api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, `extension of filename "a.mp4" is not supported: must be one of pdf`},
		{"size", guest(t, upload.Link{}, upload.LinkState{}), api.UploadRequest{Filename: "a.mp4", Size: 1<<20 + 1, Guest: new("Ann")}, "size is 1048577 bytes: must be 1 to 1048576, the largest upload"},
		{"used up", guest(t, upload.Link{}, upload.LinkState{Used: upload.Usage{Files: 10}}), api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, "the link is used up: it was for 10 files"},
		{"total", guest(t, upload.Link{Total: 10}, upload.LinkState{Used: upload.Usage{Files: 1, Bytes: 4}}), api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, "size is 7 bytes: must be 1 to 6, what is left of the link's total"},
		{"the owner's quota, of which nothing is told", full, api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, "there is no room for this file: ask who sent you the link"},
		{"a name of one who is no guest", maker(), api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, "guest is for uploads by a link alone: must be left out"},
	} {
		var counted tally
		_, err := newPresigner(t).upload(test.caller, test.file, &counted)
		refusal, ok := errors.AsType[*upload.Error](err)
		if !ok || refusal.Message != test.want {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if refused := counted.refused == 1; refused != strings.HasPrefix(test.name, "the owner's quota") {
			t.Errorf("%s: counted %+v", test.name, counted)
		}
	}
}

// The files of a batch fit into what is left of the link together.
func TestBatchOfAGuest(t *testing.T) {
	caller := guest(t, upload.Link{Count: 3, Total: 100}, upload.LinkState{Used: upload.Usage{Files: 1}})
	file := api.UploadRequest{Filename: "a.mp4", Size: 40, Guest: new("Ann")}
	grants, err := newPresigner(t).batch(caller, []api.UploadRequest{file, file, file}, "request-1", new(tally))
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range grants.Uploads {
		if granted := result.UploadGrant != nil; granted != (i < 2) {
			t.Errorf("file %d: granted %t, %+v", i, granted, result.Error)
		}
	}
}

// What is signed for a guest ends with the link, or a minute later at most.
func TestLifetimeOfAGuest(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		time.Hour: 15 * time.Minute, 10*time.Minute + 300*time.Millisecond: 10 * time.Minute, time.Second: time.Minute, -time.Second: time.Minute,
	} {
		p, caller := newPresigner(t), guest(t, upload.Link{}, upload.LinkState{})
		at := caller.Link.Until().Add(-left)
		p.now = func() time.Time { return at }
		if got := p.lifetimeOf(caller); got != want {
			t.Errorf("%s before the end: %s, want %s", left, got, want)
		}
		got, err := p.upload(caller, api.UploadRequest{Filename: "a.mp4", Size: 7, Guest: new("Ann")}, new(tally))
		if err != nil || !got.Expires.Equal(at.Truncate(time.Second).Add(want)) {
			t.Errorf("%s before the end: grant to %s, %v", left, got.Expires, err)
		}
	}
	if p := newPresigner(t); p.lifetimeOf(maker()) != p.lifetime {
		t.Error("a user's signatures are shorter")
	}
}

func TestLinkOfTheCaller(t *testing.T) {
	p := newPresigner(t)
	caller := guest(t, upload.Link{From: "Ann", Note: "The film", MaxSize: 1 << 30, Formats: []string{"mp4", "pdf"}, Folders: []string{"videos"}, Count: 3, Total: 9}, upload.LinkState{Used: upload.Usage{Files: 1}})
	got, err := p.link(t.Context(), apigw.Request[apigw.None]{Caller: caller})
	want := api.GuestLink{
		From: "Ann", Note: "The film", Formats: []string{"mp4"}, MaxSize: 1 << 20, Count: 3, Left: 2, Total: 9, Until: api.Time{Time: now.Add(time.Hour).Truncate(time.Second)},
	}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("link: %v (-got +want)\n%s", err, diff)
	}
	caller.Link.State.Rejected = 5
	if got, err := p.link(t.Context(), apigw.Request[apigw.None]{Caller: caller}); err != nil || got.Left != 0 {
		t.Errorf("after too many rejected files: %+v, %v", got, err)
	}
	if _, err := p.link(t.Context(), apigw.Request[apigw.None]{Caller: maker()}); err == nil {
		t.Error("a user is told of a link")
	}
}

// A guest signs parts within its link, and is told nothing of the owner's quota.
func TestPartsOfAGuest(t *testing.T) {
	caller := guest(t, upload.Link{Formats: []string{"mp4"}}, upload.LinkState{})
	p := newPresigner(t)
	parts := func(caller apigw.Caller, id string, size int64) error {
		body := api.PartsRequest{UploadID: uploadID, Size: size, Parts: []api.PartRequest{{Number: 1}}}
		_, err := p.parts(t.Context(), apigw.Request[api.PartsRequest]{Caller: caller, Path: map[string]string{"id": id}, Body: body})
		return err
	}
	if err := parts(caller, grantedID(t, "mp4"), 1<<20); err != nil {
		t.Errorf("within the link: %v", err)
	}
	if err := parts(caller, grantedID(t, "pdf"), 1<<20); !errors.Is(err, upload.ErrNoUpload) {
		t.Errorf("another format: %v", err)
	}
	caller.Remaining, caller.Quota = 5, 5
	complete := api.CompleteRequest{UploadID: uploadID, Size: 7}
	_, err := p.complete(t.Context(), apigw.Request[api.CompleteRequest]{Caller: caller, Path: map[string]string{"id": grantedID(t, "mp4")}, Body: complete})
	for _, err := range []error{err, parts(caller, grantedID(t, "mp4"), 7)} {
		if fmt.Sprint(err) != "there is no room for this file: ask who sent you the link" {
			t.Errorf("over the owner's quota: %v", err)
		}
	}
}

// Even if the authorizer let a link pass, no other route would answer.
func TestLinksOpenNoOtherRoute(t *testing.T) {
	caller := guest(t, upload.Link{}, upload.LinkState{})
	caller.Principal = owner
	for body, e := range map[string]int{`{"from":"x"}`: 403, `{"filename":"a.mp4","size":1,"guest":"Ann"}`: 201} {
		event := uploadEvent(t, body)
		if e == 403 {
			event.Resource = "/links"
		}
		event.RequestContext.Authorizer = caller.Context()
		event.RequestContext.Authorizer["principalId"] = owner
		response, err := started(t, setup(&bytes.Buffer{}))(t.Context(), event)
		if err != nil || response.StatusCode != e {
			t.Errorf("%s: got %d %s, %v, want %d", body, response.StatusCode, response.Body, err, e)
		}
		var refusal api.ErrorBody
		if json.Unmarshal([]byte(response.Body), &refusal) == nil && e == 403 && refusal.Code != api.Forbidden {
			t.Errorf("%s: %s", body, response.Body)
		}
	}
}
