package identity

import "fmt"

// A Role says for whom a user may act.
type Role string

// The roles.
const (
	RoleUser    Role = "user"    // for itself
	RoleService Role = "service" // for any mail
)

// A User is a row of the users table.
type User struct {
	Mail    Mail   // partition key
	Owner   string // 20 hexadecimal digits, made by Owner when the user was created and never again
	Hash    string // of the password, made by HashPassword
	Role    Role
	MaxSize *int64 // largest upload, in bytes; nil: the stage's default
	Quota   *int64 // how much the user may keep in all, in bytes; nil: the stage's default
}

// Check returns an error when the user cannot be a row of the users table. It names the first field that is malformed, and
// never its value, which is personal.
func (u User) Check() error {
	mail, mailErr := ParseMail(string(u.Mail))
	_, hashErr := parsePHC(u.Hash)
	switch {
	case mailErr != nil || mail != u.Mail:
		return malformed("mail")
	case !isOwner(u.Owner):
		return malformed("owner")
	case hashErr != nil:
		return malformed("hash")
	case u.Role != RoleUser && u.Role != RoleService:
		return malformed("role")
	case u.MaxSize != nil && *u.MaxSize < 0:
		return malformed("maxSize")
	case u.Quota != nil && *u.Quota < 0:
		return malformed("quota")
	default:
		return nil
	}
}

func malformed(name string) error {
	return fmt.Errorf("attribute %s of a user is missing or malformed", name)
}
