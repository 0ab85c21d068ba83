package api

// A Right is what a caller may be limited to. Each route that a limited caller may use needs one: the API's document says
// which.
type Right string

// The rights.
const (
	RightUpload Right = "upload" // declare, send and describe uploads
	RightRead   Right = "read"   // list, look at and download uploads, and look at the usage
	RightDelete Right = "delete" // delete uploads
	RightLink   Right = "link"   // make and revoke links for guests
)

// Rights are all rights, in the order in which they are written.
var Rights = []Right{RightUpload, RightRead, RightDelete, RightLink}
