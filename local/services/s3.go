// Package services holds the AWS services that the stack's functions call, as they are on this machine: a real S3
// server on the disk, DynamoDB in memory, and the part of Secrets Manager that hands out secrets. Each wants requests
// signed with credentials that local/iam has issued, and holds them to what their role may do.
package services

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/queue"
)

// Bounds of the S3 server.
const (
	maxConnections   = 256
	maxParts         = 10_000  // of a multipart upload, as S3
	copyThreshold    = 5 << 30 // bytes, as S3
	s3StartTimeout   = 20 * time.Second
	s3StopTimeout    = 2 * time.Second
	streamUploadPath = "/.stream-uploads" // no bucket can have this name
)

// S3Config says what the S3 server serves.
type S3Config struct {
	// Data is the absolute path of the data folder. Objects are plain files below s3/<bucket>, their older versions below
	// s3-versions, and their metadata is in extended attributes.
	Data string
	// Port is the port to listen on at 127.0.0.1. If zero, a free one.
	Port int
	// Region is the AWS region that requests must be signed for, and AccountID the account of the buckets.
	Region, AccountID string
	// Buckets are made, with their versioning and CORS, unless they are there.
	Buckets []cfn.Bucket
	// Queues are what the buckets notify.
	Queues *queue.Queues
	// Issuer knows the credentials that may sign requests.
	Issuer *iam.Issuer
	// Policies say what the signer of a request may do.
	Policies *iam.Policies
	// Operator are the credentials of iam.Operator, who makes the buckets.
	Operator iam.Credentials
	// Faults are what goes wrong on purpose. If nil, nothing does.
	Faults Faults
}

// An S3 is a running S3 server (versitygw). There can be one in a process at a time, and it changes the process's working
// directory.
type S3 struct {
	// URL is the server's address, without a slash at its end.
	URL string
	// Done gets the server's error when it ends by itself.
	Done <-chan error

	notifier *notifier
	cancel   context.CancelFunc
	ended    chan struct{}
}

// running is full while there is a server. One that is closed may take ten seconds more, if a client has opened a connection
// and sent nothing yet.
var running = make(chan struct{}, 1)

// StartS3 starts the server and makes the buckets, once an earlier server has ended. It returns ErrPortInUse, and errors
// that say so when the folder's file system has no extended attributes, or when a bucket may not notify its queue.
func StartS3(config S3Config) (*S3, error) {
	port, err := claimPort(config.Port)
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	objects, err := openStore(config.Data)
	if err != nil {
		return nil, err
	}
	notifier := &notifier{
		Backend: objects, region: config.Region, account: config.AccountID, buckets: config.Buckets, queues: config.Queues, policies: config.Policies,
	}
	if err := notifier.test(); err != nil {
		return nil, err
	}
	select {
	case running <- struct{}{}:
	case <-time.After(s3StartTimeout):
		return nil, fmt.Errorf("starting the S3 server: another one still runs in this process after %v", s3StartTimeout)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := &S3{URL: "http://" + address, Done: done, notifier: notifier, cancel: cancel, ended: make(chan struct{})}
	listening := make(chan struct{})
	go func() {
		done <- embedgw.RunVersityGW(ctx, &access{notifier, config.Issuer, config.Policies}, config.server(address, listening))
		<-running
		close(s.ended)
	}()
	if err := s.prepare(listening, done, config); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// server is the configuration of a server that closes listening when it listens at an address.
func (c S3Config) server(address string, listening chan<- struct{}) *embedgw.Config {
	return &embedgw.Config{
		// Nobody knows them, and the checks know nobody by them.
		RootUserAccess:    rand.Text(),
		RootUserSecret:    rand.Text(),
		Region:            c.Region,
		Ports:             []string{address},
		MaxConnections:    maxConnections,
		MaxRequests:       maxConnections,
		MultipartMaxParts: maxParts,
		Quiet:             true,
		KeepAlive:         true,
		IAMService:        accounts{c.Issuer},
		S3Options: []s3api.Option{
			s3api.WithOnListen(func() { close(listening) }),
			s3api.WithRoute(http.MethodGet, streamUploadPath, streamUploads),
			s3api.WithMiddleware("/", guard{c.Issuer, faultsOr(c.Faults)}.serve),
		},
	}
}

// prepare waits until the server listens and makes it ready for uploads.
func (s *S3) prepare(listening <-chan struct{}, done <-chan error, config S3Config) error {
	select {
	case <-listening:
	case err := <-done:
		return fmt.Errorf("starting the S3 server: %w", err)
	case <-time.After(s3StartTimeout):
		return fmt.Errorf("starting the S3 server: it does not listen after %v", s3StartTimeout)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s3StartTimeout)
	defer cancel()
	if err := s.request(ctx, streamUploadPath); err != nil {
		return fmt.Errorf("preparing the S3 server: %w", err)
	}
	return s.makeBuckets(ctx, config)
}

// streamUploads has forms read as they arrive. The server would otherwise hold whole uploads in memory, and this switch
// can only be reached from one of its requests.
func streamUploads(c fiber.Ctx) error {
	c.App().Server().DisablePreParseMultipartForm = true
	return c.SendStatus(http.StatusNoContent)
}

func (s *S3) request(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("got status %d, want 204", response.StatusCode)
	}
	return nil
}

// Close stops the server. Uploads that do not end within two seconds end with the process; they leave no object.
func (s *S3) Close() {
	s.cancel()
	select {
	case <-s.ended:
	case <-time.After(s3StopTimeout):
	}
}

// claimPort finds a free port when port is zero, and otherwise whether it is free. The server listens by itself, a
// moment later.
func claimPort(port int) (int, error) {
	listener, err := Listen(port)
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// openStore opens the folders of objects and of their older versions.
func openStore(data string) (*store, error) {
	objects, versions := filepath.Join(data, "s3"), filepath.Join(data, "s3-versions")
	for _, dir := range []string{objects, versions} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("making the folder of objects: %w", err)
		}
		if err := checkAttributes(dir); err != nil {
			return nil, err
		}
	}
	if err := removeLeftovers(objects); err != nil {
		return nil, err
	}
	backend, err := posix.New(objects, meta.XattrMeta{}, posix.PosixOpts{
		VersioningDir:       versions,
		Concurrency:         100,
		CopyObjectThreshold: copyThreshold,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the folder of objects: %w", err)
	}
	return newStore(backend), nil
}

// checkAttributes tries an extended attribute: the object's metadata needs them.
func checkAttributes(dir string) error {
	file, err := os.CreateTemp(dir, ".attributes-")
	if err != nil {
		return fmt.Errorf("writing to the folder of objects: %w", err)
	}
	defer func() { _, _ = file.Close(), os.Remove(file.Name()) }()
	if err := (meta.XattrMeta{}).StoreAttribute(file, "", "", "postern", []byte("1")); err != nil {
		return fmt.Errorf("the file system of %s has no extended attributes, which objects need: set DATA to a folder of another one: %w", dir, err)
	}
	return nil
}

// removeLeftovers removes what uploads that were cut short have left in a bucket. Where the system has unnamed files,
// nothing is. Parts of multipart uploads, which may go on, are in a folder.
func removeLeftovers(objects string) error {
	files, err := filepath.Glob(filepath.Join(objects, "*", posix.MetaTmpDir, "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		info, err := os.Lstat(file)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("removing a half-sent upload: %w", err)
		}
	}
	return nil
}
