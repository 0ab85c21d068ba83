package upload

// AttachmentDisposition is the Content-Disposition of a download that is saved under filename.
func AttachmentDisposition(filename string) string { return "attachment" }
