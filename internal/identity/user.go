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

// MailAttribute is the name of the attribute that holds the mail: the users table's partition key.
const MailAttribute = "mail"

// Names of a row's other attributes.
const (
	attributeOwner   = "owner"
	attributeHash    = "hash"
	attributeRole    = "role"
	attributeMaxSize = "maxSize"
	attributeQuota   = "quota"
)

// Item is the row as attributes by name. A value is a string or an int64; a limit that is nil is left out.
func (u User) Item() map[string]any {
	item := map[string]any{
		MailAttribute:  string(u.Mail),
		attributeOwner: u.Owner,
		attributeHash:  u.Hash,
		attributeRole:  string(u.Role),
	}
	for name, limit := range map[string]*int64{attributeMaxSize: u.MaxSize, attributeQuota: u.Quota} {
		if limit != nil {
			item[name] = *limit
		}
	}
	return item
}

// UserFromItem reads a row as Item writes it; it ignores attributes that it does not know. Its error names the first
// attribute that is missing or malformed, and never its value, which is personal.
func UserFromItem(item map[string]any) (User, error) {
	text := func(name string) string {
		s, _ := item[name].(string)
		return s
	}
	user := User{
		Owner: text(attributeOwner),
		Hash:  text(attributeHash),
		Role:  Role(text(attributeRole)),
	}
	var err error
	if user.Mail, err = ParseMail(text(MailAttribute)); err != nil || string(user.Mail) != text(MailAttribute) {
		return User{}, malformed(MailAttribute)
	}
	if !isOwner(user.Owner) {
		return User{}, malformed(attributeOwner)
	}
	if _, err := parsePHC(user.Hash); err != nil {
		return User{}, malformed(attributeHash)
	}
	if user.Role != RoleUser && user.Role != RoleService {
		return User{}, malformed(attributeRole)
	}
	if user.MaxSize, err = limit(item, attributeMaxSize); err != nil {
		return User{}, err
	}
	if user.Quota, err = limit(item, attributeQuota); err != nil {
		return User{}, err
	}
	return user, nil
}

func limit(item map[string]any, name string) (*int64, error) {
	value, ok := item[name]
	if !ok {
		return nil, nil
	}
	number, ok := value.(int64)
	if !ok || number < 0 {
		return nil, malformed(name)
	}
	return &number, nil
}

func malformed(name string) error {
	return fmt.Errorf("attribute %s of a user is missing or malformed", name)
}
