// Package s3 serves a stack's buckets from the disk, by an S3 server (versitygw). Requests must be signed with credentials
// that package iam has issued, and may do what the role of the credentials may.
package s3

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/iam"
	"postern/local/queue"
)

// Bounds of the S3 server.
const (
	maxRequests    = 256    // at the same time
	maxConnections = 8192   // idle ones among them, which browsers and SDKs keep
	maxParts       = 10_000 // of a multipart upload, as S3
	startTimeout   = 20 * time.Second
	stopTimeout    = 2 * time.Second
	settingsPath   = "/.settings" // no bucket can have this name
)

// Config says what the S3 server serves.
type Config struct {
	// Data is the absolute path of the data folder. Objects are plain files below s3/<bucket>, their older versions below
	// s3-versions, and their metadata is in extended attributes.
	Data string
	// Port is the port to listen on. If zero, a free one.
	Port int
	// Addresses are where to listen. If empty, at 127.0.0.1.
	Addresses []string
	// Host is the host of the server's URL. If empty, it is 127.0.0.1.
	Host string
	// Names are the hosts that requests may be for. If empty, those of this machine for itself.
	Names []string
	// Stack holds the buckets. Those that are missing are made; all get the template's versioning and CORS rules. Requests
	// must be signed for the stack's region.
	Stack *cfn.Stack
	// Queues get the buckets' notifications.
	Queues *queue.Queues
	// Issuer knows the credentials that may sign requests.
	Issuer *iam.Issuer
	// Policies say what the signer of a request may do.
	Policies *iam.Policies
	// Operator are the credentials of iam.Operator, who makes the buckets.
	Operator iam.Credentials
	// Faults decide which calls fail on purpose. If nil, none does.
	Faults awsserver.Faults
	// Log is called with each answered request, but for those of functions. The path is decoded. If nil, nothing is.
	Log func(method, path string, status int, took time.Duration)
	// Page is HTML for a browser that opens the server's address. If empty, a browser is answered as any client.
	Page string
}

// A Server is a running S3 server. There can be one in a process at a time, and it changes the process's working
// directory.
type Server struct {
	// URL is the server's address, without a slash at its end.
	URL string
	// Done gets the server's error when it ends by itself.
	Done <-chan error

	notifier *notifier
	cancel   context.CancelFunc
	ended    chan struct{}
}

// running is full while there is a server. A closed server may take ten seconds to end, if a client has opened a connection
// and sent nothing yet.
var running = make(chan struct{}, 1)

// Start starts the server and makes the buckets, once an earlier server has ended. It returns awsserver.ErrPortInUse, and errors
// that say so when the folder's file system has no extended attributes, or when a bucket may not notify its queue.
func Start(config Config) (*Server, error) {
	config.setDefaults()
	data, err := filepath.Abs(config.Data) // the working directory changes
	if err != nil {
		return nil, fmt.Errorf("opening the folder of objects: %w", err)
	}
	config.Data = data
	for tries := 1; ; tries++ {
		s, err := start(config)
		// Another program may have taken a free port before the server listens on it.
		if config.Port != 0 || tries == maxStarts || !errors.Is(err, syscall.EADDRINUSE) {
			return s, err
		}
	}
}

// maxStarts is how often the server is started on a free port that another program takes at the same time.
const maxStarts = 5

// claimed is called with a port between the look whether it is free and the server's listening. Tests replace it.
var claimed = func(int) {}

func start(config Config) (*Server, error) {
	port, err := claimPort(config.Addresses, config.Port)
	if err != nil {
		return nil, err
	}
	claimed(port)
	objects, err := openStore(config.Data)
	if err != nil {
		return nil, err
	}
	notifier := &notifier{Backend: objects, stack: config.Stack, queues: config.Queues, policies: config.Policies}
	if err := notifier.test(); err != nil {
		return nil, err
	}
	select {
	case running <- struct{}{}:
	case <-time.After(startTimeout):
		return nil, fmt.Errorf("starting the S3 server: another one still runs in this process after %v", startTimeout)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := &Server{URL: "http://" + net.JoinHostPort(config.Host, strconv.Itoa(port)), Done: done, notifier: notifier, cancel: cancel, ended: make(chan struct{})}
	listening := make(chan struct{})
	go func() {
		done <- embedgw.RunVersityGW(ctx, &access{store: notifier, issuer: config.Issuer, policies: config.Policies}, config.server(port, listening))
		<-running
		close(s.ended)
	}()
	if err := s.prepare(listening, done, config); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (c *Config) setDefaults() {
	if len(c.Addresses) == 0 {
		c.Addresses = []string{awsserver.Loopback}
	}
	if len(c.Names) == 0 {
		c.Names = awsserver.LoopbackNames
	}
	c.Host = cmp.Or(c.Host, awsserver.Loopback)
}

// server returns the configuration of a server that closes listening as soon as it listens on a port.
func (c Config) server(port int, listening chan<- struct{}) *embedgw.Config {
	var ports []string
	for _, address := range c.Addresses {
		ports = append(ports, net.JoinHostPort(address, strconv.Itoa(port)))
	}
	return &embedgw.Config{
		// Nobody knows these credentials, and the checks let them do nothing.
		RootUserAccess:    rand.Text(),
		RootUserSecret:    rand.Text(),
		Region:            c.Stack.Region,
		Ports:             ports,
		MaxConnections:    maxConnections,
		MaxRequests:       maxRequests,
		MultipartMaxParts: maxParts,
		Quiet:             true,
		KeepAlive:         true,
		IAMService:        accounts{c.Issuer},
		S3Options: []s3api.Option{
			s3api.WithOnListen(func() { close(listening) }),
			s3api.WithRoute(http.MethodGet, settingsPath, setUp),
			s3api.WithMiddleware("/", guard{c.Issuer, awsserver.OrNone(c.Faults), c.Names, c.Log, c.Page}.serve),
		},
	}
}

// prepare waits until the server listens and makes it ready for uploads.
func (s *Server) prepare(listening <-chan struct{}, done <-chan error, config Config) error {
	select {
	case <-listening:
	case err := <-done:
		return fmt.Errorf("starting the S3 server: %w", err)
	case <-time.After(startTimeout):
		return fmt.Errorf("starting the S3 server: it does not listen after %v", startTimeout)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := s.request(ctx, settingsPath); err != nil {
		return fmt.Errorf("preparing the S3 server: %w", err)
	}
	return makeBuckets(ctx, s.URL, config)
}

// setUp makes the server read forms as they arrive instead of holding them in memory. The setting can only be reached from one
// of the server's own requests.
func setUp(c fiber.Ctx) error {
	c.App().Server().DisablePreParseMultipartForm = true
	return c.SendStatus(http.StatusNoContent)
}

func (s *Server) request(ctx context.Context, path string) error {
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
func (s *Server) Close() {
	s.cancel()
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
	}
}

// claimPort returns a free port if port is zero, and otherwise checks that the port is free. The server itself listens
// later.
func claimPort(addresses []string, port int) (int, error) {
	listeners, err := awsserver.ListenAll(addresses, port)
	if err != nil {
		return 0, err
	}
	port = awsserver.Port(listeners[0])
	for _, listener := range listeners {
		if err := listener.Close(); err != nil {
			return 0, err
		}
	}
	return port, nil
}

// openStore opens the folders of objects and of their older versions.
func openStore(data string) (*store, error) {
	objects, versions := filepath.Join(data, "s3"), filepath.Join(data, "s3-versions")
	for _, dir := range []string{objects, versions} {
		// An earlier version let everybody look into them.
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(dir, 0o700)); err != nil {
			return nil, fmt.Errorf("making the folder of objects: %w", err)
		}
		if err := checkAttributes(dir); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(removeLeftovers(objects), reopenUploads(objects)); err != nil {
		return nil, err
	}
	backend, err := posix.New(objects, attributes{}, posix.PosixOpts{
		VersioningDir: versions,
		Concurrency:   100,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the folder of objects: %w", err)
	}
	return &store{Posix: backend, seed: maphash.MakeSeed(), copy: appendPart}, nil
}

// checkAttributes tries an extended attribute: objects keep their metadata in them.
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

// removeLeftovers removes what interrupted uploads have left in a bucket, where the system has no unnamed files. Parts of
// multipart uploads, which may continue, are in a folder.
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
