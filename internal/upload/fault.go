package upload

import "errors"

// Errors that the adapters return for what is no fault but a turn of events. They are told apart by errors.Is.
var (
	// ErrGone is returned when a version of an object is not there any more.
	ErrGone = errors.New("the version is not there")
	// ErrChanged is returned when a record is not as the caller has read it.
	ErrChanged = errors.New("the record has changed")
	// ErrOverQuota is returned when what is to be counted does not fit into the owner's quota.
	ErrOverQuota = errors.New("over quota")
	// ErrBudget is returned when more of an object would be read than an inspection may read.
	ErrBudget = errors.New("reading more of the object than an inspection may")
)
