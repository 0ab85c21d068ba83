package client

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// s3Namespace is the namespace of S3's documents. Source: Amazon S3 API Reference.
const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// An initiateResult is the answer to CreateMultipartUpload.
type initiateResult struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	UploadID string   `xml:"UploadId"`
}

// A listPartsResult is the answer to ListParts: at most 1,000 parts, by number.
type listPartsResult struct {
	XMLName     xml.Name   `xml:"ListPartsResult"`
	IsTruncated bool       `xml:"IsTruncated"`
	Parts       []listPart `xml:"Part"`
}

// A listPart is a part that S3 has.
type listPart struct {
	Number   int64  `xml:"PartNumber"`
	ETag     string `xml:"ETag"`
	Size     int64  `xml:"Size"`
	Checksum string `xml:"ChecksumCRC64NVME"`
}

// A completion is the body of CompleteMultipartUpload: all parts, by number.
type completion struct {
	XMLName xml.Name       `xml:"CompleteMultipartUpload"`
	Space   string         `xml:"xmlns,attr"`
	Parts   []completePart `xml:"Part"`
}

// A completePart is a part as it was stored.
type completePart struct {
	Number   int64  `xml:"PartNumber"`
	ETag     string `xml:"ETag"`
	Checksum string `xml:"ChecksumCRC64NVME,omitempty"`
}

// A completeResult is the answer to CompleteMultipartUpload.
type completeResult struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	Checksum string   `xml:"ChecksumCRC64NVME"`
}

// decodeXML reads an answer of S3 with status 200 into a document. S3 may have found after it sent the status that it fails:
// it returns an *S3Error for an answer that holds an error.
func decodeXML(content []byte, document any) error {
	var root struct{ XMLName xml.Name }
	if err := xml.Unmarshal(content, &root); err != nil {
		return unexpectedXML(err)
	}
	if root.XMLName.Local == "Error" {
		return readS3Error(http.StatusOK, bytes.NewReader(content))
	}
	if err := xml.Unmarshal(content, document); err != nil {
		return unexpectedXML(err)
	}
	return nil
}

// unexpectedXML returns the error for an answer that is cut off, or not S3's. It may be whole the next time.
func unexpectedXML(err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New("it is empty")
	}
	return &temporaryError{err: fmt.Errorf("S3 answers with something else than its XML: %w", err), unknown: true}
}

// readS3Error reads the error from a document of S3. Other elements of it than these two hold what was signed.
func readS3Error(status int, content io.Reader) *S3Error {
	var document struct{ Code, Message string }
	// An answer without a document, as a proxy gives, is told by its status alone.
	_ = xml.NewDecoder(io.LimitReader(content, maxS3Error)).Decode(&document)
	return &S3Error{status, document.Code, strings.Join(strings.Fields(document.Message), " ")}
}
