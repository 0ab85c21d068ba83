package s3

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3response"
)

// A formFile reads the file of a form, as S3 does: it ignores the fields that follow the file. The S3 server would take them
// for a part of the file. The server also takes all that follows the file's beginning for its size, so that the policy has to
// be checked again when the size is known. A policy's maximum is first compared with the larger size, other than on S3.
type formFile struct {
	form  *bufio.Reader // from the file's first byte on
	end   []byte        // of a file that a field follows
	size  int64         // of the bytes read
	check func(size int64) error
}

// fileOf returns the file in what the server takes for the file of a form. The reader fails at the end of the file if the
// form's policy does not allow its size.
func fileOf(form middlewares.PostObjectResult, boundary string, input s3response.PutObjectInput) (io.Reader, error) {
	// Parsing checks the expiry too, which must not be checked again after a long upload.
	policy, err := auth.ParsePOSTPolicyBase64(form.Fields["policy"])
	if err != nil {
		return nil, err
	}
	end := []byte("\r\n--" + boundary + "\r\n")
	return &formFile{form: bufio.NewReaderSize(input.Body, max(32<<10, 2*len(end))), end: end, check: func(size int64) error {
		return policy.Evaluate(auth.PostPolicyEvalInput{
			Bucket: aws.ToString(input.Bucket), Key: aws.ToString(input.Key), ContentLength: size, Fields: form.Fields,
		})
	}}, nil
}

// Read implements io.Reader.
func (f *formFile) Read(p []byte) (int, error) {
	next, err := f.form.Peek(f.form.Size())
	if at := bytes.Index(next, f.end); at >= 0 {
		next = next[:at]
	} else if err == nil {
		next = next[:len(next)-len(f.end)+1] // The end may begin in the rest.
	} else if !errors.Is(err, io.EOF) {
		return 0, err
	}
	if len(next) > 0 {
		n := copy(p, next)
		f.size += int64(n)
		_, err := f.form.Discard(n)
		return n, err
	}
	// The rest must be a form too.
	if _, err := io.Copy(io.Discard, f.form); err != nil {
		return 0, err
	}
	if err := f.check(f.size); err != nil {
		return 0, err
	}
	return 0, io.EOF
}
