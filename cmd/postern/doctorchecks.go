package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"postern/api"
	"postern/client"
)

// doctorByte is what is sent.
const doctorByte = "x"

// maxSkew is how far a clock may be off. Signatures live two minutes at least, tokens five or more.
const maxSkew = time.Minute

func (d *doctor) checks() []check {
	reached := func() bool { return d.seen.heard(d.api.Host()) }
	signedIn := false
	all := []check{
		{"the API answers", d.answers, nil},
		{"clock of this machine", d.clock, reached},
		{"sign-in", func(ctx context.Context) error {
			err := d.signIn(ctx)
			signedIn = err == nil
			return err
		}, reached},
	}
	for _, origin := range d.Origin {
		all = append(all, check{"pages of " + origin + " may call the API", func(ctx context.Context) error { return d.pageCalls(ctx, origin) }, reached})
	}
	granted := func() bool { return d.put.URL != "" }
	all = append(all,
		check{"a signature", d.signature, func() bool { return signedIn }},
		check{"region of the signed URL", d.regions, granted},
	)
	for _, origin := range d.Origin {
		all = append(all, check{"pages of " + origin + " may use the bucket", func(ctx context.Context) error { return d.pageSends(ctx, origin) }, granted})
	}
	return append(all,
		check{"one byte by a PUT", d.sendPut, granted},
		check{"one byte by a form", d.sendForm, granted},
		check{"one byte in parts", d.sendParts, granted},
		check{"verdict", d.verdict, func() bool { return len(d.stored) > 0 }},
		check{"download", d.download, func() bool { return d.ready != "" }},
	)
}

func (d *doctor) answers(ctx context.Context) error {
	err := d.api.Health(ctx)
	if err == nil {
		return nil
	}
	if last := d.seen.last(d.api.Host()); last != nil {
		d.seen.forget(d.api.Host()) // it is not the API
		if last.status >= 300 && last.status < 400 {
			return fmt.Errorf("%s answers %d, a redirect, which is never followed: give the address that it leads to", d.api.Host(), last.status)
		}
		return fmt.Errorf("%s answers %d, and not as this API does: give the stack's output ApiUrl, which ends with /api/", d.api.Host(), last.status)
	}
	return explainNetwork(d.api.Host(), err)
}

// explainNetwork says what keeps a host from being reached.
func explainNetwork(host string, err error) error {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Errorf("no such host %s: check the address, or this machine's DNS", host)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the certificate of %s is not trusted: is a proxy in between that reads along? Or this machine's clock is wrong", host)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%s cannot be reached: let https to it through the firewall, or set HTTPS_PROXY", host)
	}
	return err
}

func (d *doctor) clock(context.Context) error {
	skew, ok := d.seen.skew(d.api.Host())
	if !ok || skew.Abs() <= maxSkew {
		return nil
	}
	way := "behind"
	if skew > 0 {
		way = "ahead of"
	}
	return fmt.Errorf("it is %s %s that of %s, and tokens and certificates are judged by it: set it by NTP", skew.Abs().Round(time.Second), way, d.api.Host())
}

func (d *doctor) signIn(ctx context.Context) error {
	usage, err := d.api.Usage(ctx)
	if err == nil {
		if usage.Used >= usage.Quota || usage.Files >= usage.FileQuota {
			return fmt.Errorf("the quota is used up, %d of %d bytes and %d of %d files: delete uploads, or have an operator raise it with postern user set",
				usage.Used, usage.Quota, usage.Files, usage.FileQuota)
		}
		return nil
	}
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok {
		return err
	}
	switch {
	case refusal.Status == http.StatusUnauthorized:
		return fmt.Errorf("401: user, password, key or token is wrong, or a proxy removes the header Authorization: try them with postern login, or have an operator set a password with postern user passwd")
	case refusal.Status == http.StatusTooManyRequests:
		return errors.New("429: too many requests: wait a minute, or have the stage's throttle raised")
	case refusal.Status >= 500:
		return fmt.Errorf("%d, request %s: the API fails: operators find it in the log of the authorizer, and look at docs/runbook/ApiFails.md", refusal.Status, refusal.RequestID)
	}
	return fmt.Errorf("%d: %w", refusal.Status, refusal)
}

// signature has a PUT signed.
func (d *doctor) signature(ctx context.Context) error {
	grant, err := d.api.Grant(ctx, d.request(api.ViaPut))
	if err != nil {
		return explainGrant(err)
	}
	d.grant(grant.ID)
	d.put = grant
	if d.plan, err = d.api.Grant(ctx, d.request(api.ViaMultipart)); err != nil {
		return explainGrant(err)
	}
	return nil
}

func explainGrant(err error) error {
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok {
		return err
	}
	switch refusal.Code {
	case api.UnsupportedMediaType:
		return fmt.Errorf("%w: name a file of a format that the stage takes with --filename, or add the format to folders in cdk.json", refusal)
	case api.Forbidden:
		return fmt.Errorf("%w: have an operator look at postern user list, and change it with postern user set", refusal)
	case api.InternalError:
		return fmt.Errorf("%w (request %s): operators find it in the log of presign, and look at docs/runbook/ApiFails.md", refusal, refusal.RequestID)
	}
	return refusal
}

// hostRegion finds the region in S3's host: bucket.s3.eu-west-1.amazonaws.com.
// Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets".
var hostRegion = regexp.MustCompile(`(?:^|\.)s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-[0-9])\.amazonaws\.com(?:\.cn)?$`)

// regions compares the region that is signed with the one of S3's host, and with the bucket's. S3 tells that to anybody.
// Source: Amazon S3 API Reference, HeadBucket, "x-amz-bucket-region".
func (d *doctor) regions(ctx context.Context) error {
	signed, err := url.Parse(d.put.URL)
	if err != nil || region(signed) == "" {
		return errors.New("the API answers with something else than a signed URL: is it the API's address?")
	}
	signedFor := region(signed)
	if found := hostRegion.FindStringSubmatch(signed.Hostname()); found != nil && found[1] != signedFor {
		return wrongRegion(signedFor, found[1])
	}
	answer, err := d.ask(ctx, http.MethodHead, signed.Scheme+"://"+signed.Host+"/", nil)
	if err != nil {
		return explainNetwork(signed.Host, err)
	}
	if found := answer.Header.Get("x-amz-bucket-region"); found != "" && found != signedFor {
		return wrongRegion(signedFor, found)
	}
	return nil
}

func wrongRegion(signed, found string) error {
	return fmt.Errorf("the API signs for region %s, and the bucket is in %s: operators deploy the stage anew, with its bucket in the region of its functions", signed, found)
}

func (d *doctor) sendPut(ctx context.Context) error {
	err := d.api.Send(ctx, d.put, strings.NewReader(doctorByte), 1)
	return d.arrived(d.put.ID, d.put.URL, err)
}

func (d *doctor) sendForm(ctx context.Context) error {
	form, err := d.api.Grant(ctx, d.request(api.ViaForm))
	if err != nil {
		return explainGrant(err)
	}
	d.grant(form.ID)
	err = d.api.Send(ctx, form, strings.NewReader(doctorByte), 1)
	return d.arrived(form.ID, form.URL, err)
}

func (d *doctor) sendParts(ctx context.Context) error {
	noted := false
	id, err := d.api.Upload(ctx, strings.NewReader(doctorByte), client.UploadOptions{
		Request: d.request(api.ViaMultipart),
		Save: func(state client.State) error {
			if !noted {
				d.grant(state.ID)
			}
			noted = true
			return nil
		},
	})
	return d.arrived(id, d.put.URL, err)
}

// arrived judges what S3 said of a byte, and what a page could have read of its answer.
func (d *doctor) arrived(id, address string, err error) error {
	if err != nil {
		if _, ok := errors.AsType[*client.Error](err); ok {
			return explainGrant(err)
		}
		return explainS3(address, err)
	}
	d.stored = append(d.stored, id)
	return nil
}

// deniedAction finds the action in S3's message.
var deniedAction = regexp.MustCompile(` to perform: s3:[A-Za-z]+`)

var expectedRegion = regexp.MustCompile(`the region ["']([^"']*)["'] is wrong; expecting ["']([^"']*)["']`)

// explainS3 says what mends an error of S3.
// Source: Amazon S3 API Reference, "List of error codes".
func explainS3(address string, err error) error {
	refusal, ok := errors.AsType[*client.S3Error](err)
	if !ok {
		host := "S3"
		if parsed, parseErr := url.Parse(address); parseErr == nil {
			host = parsed.Host
		}
		return explainNetwork(host, err)
	}
	if found := expectedRegion.FindStringSubmatch(refusal.Message); found != nil {
		return wrongRegion(found[1], found[2])
	}
	switch {
	case refusal.Code == "AccessDenied" && strings.Contains(refusal.Message, "xpired"), refusal.Code == "RequestTimeTooSkewed", refusal.Code == "ExpiredToken":
		return fmt.Errorf("%w: the signature was too old when it arrived: is something between that holds requests back?", refusal)
	case refusal.Code == "AccessDenied":
		return fmt.Errorf("S3 answers %d AccessDenied%s: the role that signed lacks the right, or a policy of bucket or organization denies it: operators look at postern policy, and deploy the stage anew",
			refusal.Status, deniedAction.FindString(refusal.Message))
	case refusal.Code == "SignatureDoesNotMatch":
		return fmt.Errorf("%w: a proxy changes requests to S3, its headers or its query: let https to it pass unread", refusal)
	case refusal.Status >= 300 && refusal.Status < 400:
		return fmt.Errorf("%w: the bucket is in another region than the signed URL says: operators deploy the stage anew", refusal)
	case refusal.Code == "":
		return fmt.Errorf("%w, and not as S3 does: a proxy answers in its place: let https to it pass", refusal)
	}
	return refusal
}

// verdict waits until every byte that S3 has is inspected.
func (d *doctor) verdict(ctx context.Context) error {
	for _, id := range d.stored {
		upload, err := d.api.Await(ctx, id)
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("not inspected after %s: events from the bucket do not arrive, or inspection fails: operators look at docs/runbook/InspectionsLate.md and DeadLettersNotEmpty.md", d.Patience)
		}
		if err != nil {
			return err
		}
		if upload.Status == api.StatusReady {
			d.ready = id
		}
	}
	return nil
}

func (d *doctor) download(ctx context.Context) error {
	signed, err := d.api.DownloadURL(ctx, d.ready, api.Attachment)
	if err != nil {
		return explainGrant(err)
	}
	answer, err := d.ask(ctx, http.MethodGet, signed.URL, http.Header{"Range": {"bytes=0-0"}})
	if err != nil {
		return explainS3(signed.URL, err)
	}
	if answer.StatusCode != http.StatusPartialContent || answer.body != doctorByte {
		return fmt.Errorf("S3 answers %d with %d bytes, and must answer 206 with the one: operators compare the role of manage with postern policy", answer.StatusCode, len(answer.body))
	}
	return nil
}

// An answer is what a server said to a request of this command's own.
type answer struct {
	*http.Response
	body string
}

// ask makes a request that the client has no method for.
func (d *doctor) ask(ctx context.Context, method, address string, header http.Header) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return answer{}, errors.New("the API answers with something else than a URL")
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := d.api.HTTP.Do(request)
	if err != nil {
		if failure, ok := errors.AsType[*url.Error](err); ok {
			err = failure.Err // whose URL may hold a signature
		}
		return answer{}, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return answer{response, string(body)}, errors.Join(err, response.Body.Close())
}
