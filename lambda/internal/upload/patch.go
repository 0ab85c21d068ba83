package upload

// A Patch is what a client changes of a record. Nil is what it leaves as it is; empty removes it.
type Patch struct {
	Title, Description *string
	Labels             *[]string
}
