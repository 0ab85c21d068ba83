package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"postern/client"
	"postern/local/localrun"
)

// A workload is some files to upload. Its name is as in awslabs/aws-crt-s3-benchmarks, scaled to two processors.
type workload struct {
	name  string
	bytes int64 // of a file
	files int
}

// measureLargeUpload uploads one large file with our command and with the fastest other one.
func measureLargeUpload(ctx context.Context, bench *workbench) (comparison, error) {
	return bench.compareCommands(ctx, workload{"upload-2GiB-1x", int64(bench.times(2<<30, 128<<20)), 1}, bench.times(3, 1), wall)
}

// measureLargeUploadCPU does the same, and counts the processor's time.
func measureLargeUploadCPU(ctx context.Context, bench *workbench) (comparison, error) {
	return bench.compareCommands(ctx, workload{"upload-2GiB-1x", int64(bench.times(2<<30, 128<<20)), 1}, bench.times(3, 1), processor)
}

// measureSmallUploads uploads many small files.
func measureSmallUploads(ctx context.Context, bench *workbench) (comparison, error) {
	return bench.compareCommands(ctx, workload{"upload-10KB-10_000x", 10_000, bench.times(10_000, 500)}, bench.times(3, 1), wall)
}

// A spent is what a command took.
type spent struct {
	wall, processor time.Duration
}

func wall(s spent) time.Duration      { return s.wall }
func processor(s spent) time.Duration { return s.processor }

// A rival is another command that uploads a folder to a bucket.
type rival struct {
	program string
	args    func(endpoint, folder, to string) []string
}

var rivals = []rival{
	{"s5cmd", func(endpoint, folder, to string) []string {
		return []string{"--endpoint-url", endpoint, "cp", folder + "/", to}
	}},
	{"aws", func(endpoint, folder, to string) []string {
		return []string{"--endpoint-url", endpoint, "s3", "cp", "--recursive", "--only-show-errors", folder, to}
	}},
	{"rclone", func(endpoint, folder, to string) []string {
		return []string{"copy", folder, ":s3,provider=Other,env_auth,region=eu-west-1,endpoint='" + endpoint + "':" + strings.TrimPrefix(to, "s3://")}
	}},
}

// compareCommands uploads a workload with our command and with the fastest other one that is installed.
func (b *workbench) compareCommands(ctx context.Context, w workload, times int, metric func(spent) time.Duration) (comparison, error) {
	installed := slices.DeleteFunc(slices.Clone(rivals), func(r rival) bool { _, err := exec.LookPath(r.program); return err != nil })
	if len(installed) == 0 {
		return comparison{}, fmt.Errorf("%w: none of s5cmd, aws and rclone is installed", errSkipped)
	}
	folder, err := b.folder("files")
	if err != nil {
		return comparison{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := w.write(folder); err != nil {
		return comparison{}, err
	}
	var fastest rival
	err = b.whileArena(ctx, folder, func(a *arena) (err error) {
		fastest, err = a.fastest(ctx, installed)
		return err
	})
	if err != nil {
		return comparison{}, err
	}
	in := func(race func(*arena) (spent, error)) func() (time.Duration, error) {
		return func() (took time.Duration, err error) {
			err = b.whileArena(ctx, folder, func(a *arena) error {
				s, err := race(a)
				took = metric(s)
				return err
			})
			return took, err
		}
	}
	ours, theirs, err := inTurn(ctx, times, in(func(a *arena) (spent, error) {
		return a.spend(ctx, filepath.Join(b.root, "bin", "postern"), "upload", folder, "--stage", "local", "--data", a.run.Data, "--json")
	}), in(func(a *arena) (spent, error) { return a.race(ctx, fastest) }))
	return comparison{w.name, duration, side{"postern upload", seconds(ours), 0}, side{fastest.program, seconds(theirs), 0}, 1}, err
}

// whileArena calls use with an arena. Each upload has a local run of its own, so that the inspection of what one has left holds
// up no other.
func (b *workbench) whileArena(ctx context.Context, folder string, use func(*arena) error) error {
	return b.whileLocal(ctx, func(run *localrun.Run, _ *client.Client) error {
		a := &arena{bench: b, run: run, folder: folder}
		if err := a.open(ctx); err != nil {
			return err
		}
		return use(a)
	})
}

// write writes the files. The inspection reads the beginning of each and rejects it, which is not measured.
func (w workload) write(folder string) error {
	line := []byte(strings.Repeat("abcdefghijklmno\n", 1<<12))
	for i := range w.files {
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.mkv", i)))
		if err != nil {
			return err
		}
		for left := w.bytes; left > 0; left -= int64(len(line)) {
			_, writeErr := file.Write(line[:min(left, int64(len(line)))])
			err = errors.Join(err, writeErr)
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// An arena is a local run with a bucket of its own, where no rule of ours holds the others up.
type arena struct {
	bench    *workbench
	run      *localrun.Run
	folder   string
	endpoint string
	runs     int
}

// open finds the local run's S3, and makes the bucket.
func (a *arena) open(ctx context.Context) error {
	config, err := os.ReadFile(filepath.Join(a.run.Data, "config"))
	if err != nil {
		return err
	}
	_, after, _ := strings.Cut(string(config), "s3 =\n  endpoint_url = ")
	a.endpoint, _, _ = strings.Cut(after, "\n")
	for _, make := range [][]string{
		{"s5cmd", "--endpoint-url", a.endpoint, "mb", "s3://bench"},
		{"aws", "--endpoint-url", a.endpoint, "s3", "mb", "s3://bench"},
		{"rclone", "mkdir", ":s3,provider=Other,env_auth,region=eu-west-1,endpoint='" + a.endpoint + "':bench"},
	} {
		if _, err := exec.LookPath(make[0]); err == nil {
			_, err := a.spend(ctx, make[0], make[1:]...)
			return err
		}
	}
	return nil
}

// fastest returns the one of the others that takes the least time.
func (a *arena) fastest(ctx context.Context, installed []rival) (best rival, err error) {
	least := time.Duration(-1)
	for _, r := range installed {
		s, err := a.race(ctx, r)
		if err != nil {
			return best, err
		}
		if least < 0 || s.wall < least {
			best, least = r, s.wall
		}
	}
	return best, nil
}

func (a *arena) race(ctx context.Context, r rival) (spent, error) {
	a.runs++
	return a.spend(ctx, r.program, r.args(a.endpoint, a.folder, fmt.Sprintf("s3://bench/%d/", a.runs))...)
}

// spend runs a command as the local run's operator.
func (a *arena) spend(ctx context.Context, program string, args ...string) (spent, error) {
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "AWS_CONFIG_FILE="+filepath.Join(a.run.Data, "config"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(a.run.Data, "credentials"), "XDG_STATE_HOME="+a.bench.temp, "XDG_CONFIG_HOME="+a.bench.temp)
	begin := time.Now()
	out, err := command.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		return spent{}, fmt.Errorf("running %s: %w\n%s", program, err, out[max(0, len(out)-2000):])
	}
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return spent{}, fmt.Errorf("%w: this system does not tell the processor's time", errSkipped)
	}
	return spent{took, time.Duration(usage.Utime.Nano() + usage.Stime.Nano())}, nil
}
