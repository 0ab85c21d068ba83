package upload_test

import "postern/internal/contract"

var formats = contract.Folders{
	"videos":    {MaxSize: 5 << 30, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
	"documents": {MaxSize: 1 << 20, Formats: map[string]string{"pdf": "application/pdf"}},
}
