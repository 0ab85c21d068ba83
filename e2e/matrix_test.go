package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
)

// matrix says who may do what: the status that each caller gets on each route. The first four columns act on an upload of
// the caller: for the caller's own mail, another's, a malformed one, and without a mail. Of another's mail, it is an upload
// of the other whose bytes have not come. The last two have no mail: one has the id of another's upload, one an id that
// nobody granted. Of a route of keys, it is a key of the caller, and the mail is not known; of a route of links, it is a link of
// whom the mail names. A caller who has no mail has a subject in its place. One more column is computed, of another who is named
// by subject (see strangerStatus). The test fails if a route lacks the row of a caller, or of one who is alike.
const matrix = `

route                            caller          own  other  malformed  none  another's-id  no-id

GET /                            anonymous       200  200    200        200   -             -
GET /                            wrong-password  200  200    200        200   -             -
GET /                            removed         200  200    200        200   -             -
GET /                            user            200  200    200        200   -             -
GET /                            second          200  200    200        200   -             -
GET /                            service         200  200    200        200   -             -
GET /                            uploader        200  200    200        200   -             -
GET /                            reader          200  200    200        200   -             -
GET /                            deleter         200  200    200        200   -             -
GET /                            bounded         200  200    200        200   -             -
GET /                            expired         200  200    200        200   -             -
GET /                            upload-key      200  200    200        200   -             -
GET /                            read-key        200  200    200        200   -             -
GET /                            delete-key      200  200    200        200   -             -
GET /                            revoked-key     200  200    200        200   -             -
GET /                            link-key        200  200    200        200   -             -
GET /                            link            200  200    200        200   -             -
GET /                            revoked-link    200  200    200        200   -             -

GET /assets/{file}               anonymous       200  200    200        200   -             -
GET /assets/{file}               wrong-password  200  200    200        200   -             -
GET /assets/{file}               removed         200  200    200        200   -             -
GET /assets/{file}               user            200  200    200        200   -             -
GET /assets/{file}               second          200  200    200        200   -             -
GET /assets/{file}               service         200  200    200        200   -             -
GET /assets/{file}               uploader        200  200    200        200   -             -
GET /assets/{file}               reader          200  200    200        200   -             -
GET /assets/{file}               deleter         200  200    200        200   -             -
GET /assets/{file}               bounded         200  200    200        200   -             -
GET /assets/{file}               expired         200  200    200        200   -             -
GET /assets/{file}               upload-key      200  200    200        200   -             -
GET /assets/{file}               read-key        200  200    200        200   -             -
GET /assets/{file}               delete-key      200  200    200        200   -             -
GET /assets/{file}               revoked-key     200  200    200        200   -             -
GET /assets/{file}               link-key        200  200    200        200   -             -
GET /assets/{file}               link            200  200    200        200   -             -
GET /assets/{file}               revoked-link    200  200    200        200   -             -

GET /openapi.json                anonymous       200  200    200        200   -             -
GET /openapi.json                wrong-password  200  200    200        200   -             -
GET /openapi.json                removed         200  200    200        200   -             -
GET /openapi.json                user            200  200    200        200   -             -
GET /openapi.json                second          200  200    200        200   -             -
GET /openapi.json                service         200  200    200        200   -             -
GET /openapi.json                uploader        200  200    200        200   -             -
GET /openapi.json                reader          200  200    200        200   -             -
GET /openapi.json                deleter         200  200    200        200   -             -
GET /openapi.json                bounded         200  200    200        200   -             -
GET /openapi.json                expired         200  200    200        200   -             -
GET /openapi.json                upload-key      200  200    200        200   -             -
GET /openapi.json                read-key        200  200    200        200   -             -
GET /openapi.json                delete-key      200  200    200        200   -             -
GET /openapi.json                revoked-key     200  200    200        200   -             -
GET /openapi.json                link-key        200  200    200        200   -             -
GET /openapi.json                link            200  200    200        200   -             -
GET /openapi.json                revoked-link    200  200    200        200   -             -

GET /health                      anonymous       200  200    200        200   -             -
GET /health                      wrong-password  200  200    200        200   -             -
GET /health                      removed         200  200    200        200   -             -
GET /health                      user            200  200    200        200   -             -
GET /health                      second          200  200    200        200   -             -
GET /health                      service         200  200    200        200   -             -
GET /health                      uploader        200  200    200        200   -             -
GET /health                      reader          200  200    200        200   -             -
GET /health                      deleter         200  200    200        200   -             -
GET /health                      bounded         200  200    200        200   -             -
GET /health                      expired         200  200    200        200   -             -
GET /health                      upload-key      200  200    200        200   -             -
GET /health                      read-key        200  200    200        200   -             -
GET /health                      delete-key      200  200    200        200   -             -
GET /health                      revoked-key     200  200    200        200   -             -
GET /health                      link-key        200  200    200        200   -             -
GET /health                      link            200  200    200        200   -             -
GET /health                      revoked-link    200  200    200        200   -             -

HEAD /health                     anonymous       200  200    200        200   -             -
HEAD /health                     wrong-password  200  200    200        200   -             -
HEAD /health                     removed         200  200    200        200   -             -
HEAD /health                     user            200  200    200        200   -             -
HEAD /health                     second          200  200    200        200   -             -
HEAD /health                     service         200  200    200        200   -             -
HEAD /health                     uploader        200  200    200        200   -             -
HEAD /health                     reader          200  200    200        200   -             -
HEAD /health                     deleter         200  200    200        200   -             -
HEAD /health                     bounded         200  200    200        200   -             -
HEAD /health                     expired         200  200    200        200   -             -
HEAD /health                     upload-key      200  200    200        200   -             -
HEAD /health                     read-key        200  200    200        200   -             -
HEAD /health                     delete-key      200  200    200        200   -             -
HEAD /health                     revoked-key     200  200    200        200   -             -
HEAD /health                     link-key        200  200    200        200   -             -
HEAD /health                     link            200  200    200        200   -             -
HEAD /health                     revoked-link    200  200    200        200   -             -

GET /presignedurl                anonymous       401  401    401        401   -             -
GET /presignedurl                wrong-password  401  401    401        401   -             -
GET /presignedurl                removed         401  401    401        401   -             -
GET /presignedurl                user            200  403    400        400   -             -
GET /presignedurl                second          200  403    400        400   -             -
GET /presignedurl                service         200  200    400        400   -             -
GET /presignedurl                uploader        200  200    400        400   -             -
GET /presignedurl                reader          403  403    403        403   -             -
GET /presignedurl                deleter         403  403    403        403   -             -
GET /presignedurl                bounded         200  403    400        400   -             -
GET /presignedurl                expired         403  403    403        403   -             -
GET /presignedurl                upload-key      200  403    400        400   -             -
GET /presignedurl                read-key        403  403    403        403   -             -
GET /presignedurl                delete-key      403  403    403        403   -             -
GET /presignedurl                revoked-key     401  401    401        401   -             -
GET /presignedurl                link-key        403  403    403        403   -             -
GET /presignedurl                link            403  403    403        403   -             -
GET /presignedurl                revoked-link    403  403    403        403   -             -

POST /uploads                    anonymous       401  401    401        401   -             -
POST /uploads                    wrong-password  401  401    401        401   -             -
POST /uploads                    removed         401  401    401        401   -             -
POST /uploads                    user            201  403    400        201   -             -
POST /uploads                    second          201  403    400        201   -             -
POST /uploads                    service         201  201    400        201   -             -
POST /uploads                    uploader        201  201    400        201   -             -
POST /uploads                    reader          403  403    403        403   -             -
POST /uploads                    deleter         403  403    403        403   -             -
POST /uploads                    bounded         201  403    400        201   -             -
POST /uploads                    expired         403  403    403        403   -             -
POST /uploads                    upload-key      201  403    400        201   -             -
POST /uploads                    read-key        403  403    403        403   -             -
POST /uploads                    delete-key      403  403    403        403   -             -
POST /uploads                    revoked-key     401  401    401        401   -             -
POST /uploads                    link-key        403  403    403        403   -             -
POST /uploads                    link            403  403    403        201   -             -
POST /uploads                    revoked-link    403  403    403        403   -             -

GET /uploads                     anonymous       401  401    401        401   -             -
GET /uploads                     wrong-password  401  401    401        401   -             -
GET /uploads                     removed         401  401    401        401   -             -
GET /uploads                     user            200  403    400        200   -             -
GET /uploads                     second          200  403    400        200   -             -
GET /uploads                     service         200  200    400        200   -             -
GET /uploads                     uploader        403  403    403        403   -             -
GET /uploads                     reader          200  200    400        200   -             -
GET /uploads                     deleter         403  403    403        403   -             -
GET /uploads                     bounded         200  403    400        200   -             -
GET /uploads                     expired         403  403    403        403   -             -
GET /uploads                     upload-key      403  403    403        403   -             -
GET /uploads                     read-key        200  403    400        200   -             -
GET /uploads                     delete-key      403  403    403        403   -             -
GET /uploads                     revoked-key     401  401    401        401   -             -
GET /uploads                     link-key        403  403    403        403   -             -
GET /uploads                     link            403  403    403        403   -             -
GET /uploads                     revoked-link    403  403    403        403   -             -

GET /uploads/{id}                anonymous       401  401    401        401   401           401
GET /uploads/{id}                wrong-password  401  401    401        401   401           401
GET /uploads/{id}                removed         401  401    401        401   401           401
GET /uploads/{id}                user            200  403    400        200   404           404
GET /uploads/{id}                second          200  403    400        200   404           404
GET /uploads/{id}                service         200  200    400        200   404           404
GET /uploads/{id}                uploader        403  403    403        403   403           403
GET /uploads/{id}                reader          200  200    400        200   404           404
GET /uploads/{id}                deleter         403  403    403        403   403           403
GET /uploads/{id}                bounded         200  403    400        200   404           404
GET /uploads/{id}                expired         403  403    403        403   403           403
GET /uploads/{id}                upload-key      403  403    403        403   403           403
GET /uploads/{id}                read-key        200  403    400        200   404           404
GET /uploads/{id}                delete-key      403  403    403        403   403           403
GET /uploads/{id}                revoked-key     401  401    401        401   401           401
GET /uploads/{id}                link-key        403  403    403        403   403           403
GET /uploads/{id}                link            403  403    403        200   404           404
GET /uploads/{id}                revoked-link    403  403    403        403   403           403

PATCH /uploads/{id}              anonymous       401  401    401        401   401           401
PATCH /uploads/{id}              wrong-password  401  401    401        401   401           401
PATCH /uploads/{id}              removed         401  401    401        401   401           401
PATCH /uploads/{id}              user            200  403    400        200   404           404
PATCH /uploads/{id}              second          200  403    400        200   404           404
PATCH /uploads/{id}              service         200  409    400        200   404           404
PATCH /uploads/{id}              uploader        200  409    400        200   404           404
PATCH /uploads/{id}              reader          403  403    403        403   403           403
PATCH /uploads/{id}              deleter         403  403    403        403   403           403
PATCH /uploads/{id}              bounded         200  403    400        200   404           404
PATCH /uploads/{id}              expired         403  403    403        403   403           403
PATCH /uploads/{id}              upload-key      200  403    400        200   404           404
PATCH /uploads/{id}              read-key        403  403    403        403   403           403
PATCH /uploads/{id}              delete-key      403  403    403        403   403           403
PATCH /uploads/{id}              revoked-key     401  401    401        401   401           401
PATCH /uploads/{id}              link-key        403  403    403        403   403           403
PATCH /uploads/{id}              link            403  403    403        403   403           403
PATCH /uploads/{id}              revoked-link    403  403    403        403   403           403

GET /uploads/{id}/download       anonymous       401  401    401        401   401           401
GET /uploads/{id}/download       wrong-password  401  401    401        401   401           401
GET /uploads/{id}/download       removed         401  401    401        401   401           401
GET /uploads/{id}/download       user            200  403    400        200   404           404
GET /uploads/{id}/download       second          200  403    400        200   404           404
GET /uploads/{id}/download       service         200  409    400        200   404           404
GET /uploads/{id}/download       uploader        403  403    403        403   403           403
GET /uploads/{id}/download       reader          200  409    400        200   404           404
GET /uploads/{id}/download       deleter         403  403    403        403   403           403
GET /uploads/{id}/download       bounded         200  403    400        200   404           404
GET /uploads/{id}/download       expired         403  403    403        403   403           403
GET /uploads/{id}/download       upload-key      403  403    403        403   403           403
GET /uploads/{id}/download       read-key        200  403    400        200   404           404
GET /uploads/{id}/download       delete-key      403  403    403        403   403           403
GET /uploads/{id}/download       revoked-key     401  401    401        401   401           401
GET /uploads/{id}/download       link-key        403  403    403        403   403           403
GET /uploads/{id}/download       link            403  403    403        403   403           403
GET /uploads/{id}/download       revoked-link    403  403    403        403   403           403

POST /uploads/{id}/parts         anonymous       401  401    401        401   401           401
POST /uploads/{id}/parts         wrong-password  401  401    401        401   401           401
POST /uploads/{id}/parts         removed         401  401    401        401   401           401
POST /uploads/{id}/parts         user            200  403    400        200   404           404
POST /uploads/{id}/parts         second          200  403    400        200   404           404
POST /uploads/{id}/parts         service         200  200    400        200   404           404
POST /uploads/{id}/parts         uploader        200  200    400        200   404           404
POST /uploads/{id}/parts         reader          403  403    403        403   403           403
POST /uploads/{id}/parts         deleter         403  403    403        403   403           403
POST /uploads/{id}/parts         bounded         200  403    400        200   404           404
POST /uploads/{id}/parts         expired         403  403    403        403   403           403
POST /uploads/{id}/parts         upload-key      200  403    400        200   404           404
POST /uploads/{id}/parts         read-key        403  403    403        403   403           403
POST /uploads/{id}/parts         delete-key      403  403    403        403   403           403
POST /uploads/{id}/parts         revoked-key     401  401    401        401   401           401
POST /uploads/{id}/parts         link-key        403  403    403        403   403           403
POST /uploads/{id}/parts         link            403  403    403        200   404           404
POST /uploads/{id}/parts         revoked-link    403  403    403        403   403           403

POST /uploads/{id}/parts/list    anonymous       401  401    401        401   401           401
POST /uploads/{id}/parts/list    wrong-password  401  401    401        401   401           401
POST /uploads/{id}/parts/list    removed         401  401    401        401   401           401
POST /uploads/{id}/parts/list    user            200  403    400        200   404           404
POST /uploads/{id}/parts/list    second          200  403    400        200   404           404
POST /uploads/{id}/parts/list    service         200  200    400        200   404           404
POST /uploads/{id}/parts/list    uploader        200  200    400        200   404           404
POST /uploads/{id}/parts/list    reader          403  403    403        403   403           403
POST /uploads/{id}/parts/list    deleter         403  403    403        403   403           403
POST /uploads/{id}/parts/list    bounded         200  403    400        200   404           404
POST /uploads/{id}/parts/list    expired         403  403    403        403   403           403
POST /uploads/{id}/parts/list    upload-key      200  403    400        200   404           404
POST /uploads/{id}/parts/list    read-key        403  403    403        403   403           403
POST /uploads/{id}/parts/list    delete-key      403  403    403        403   403           403
POST /uploads/{id}/parts/list    revoked-key     401  401    401        401   401           401
POST /uploads/{id}/parts/list    link-key        403  403    403        403   403           403
POST /uploads/{id}/parts/list    link            403  403    403        200   404           404
POST /uploads/{id}/parts/list    revoked-link    403  403    403        403   403           403

POST /uploads/{id}/complete      anonymous       401  401    401        401   401           401
POST /uploads/{id}/complete      wrong-password  401  401    401        401   401           401
POST /uploads/{id}/complete      removed         401  401    401        401   401           401
POST /uploads/{id}/complete      user            200  403    400        200   404           404
POST /uploads/{id}/complete      second          200  403    400        200   404           404
POST /uploads/{id}/complete      service         200  200    400        200   404           404
POST /uploads/{id}/complete      uploader        200  200    400        200   404           404
POST /uploads/{id}/complete      reader          403  403    403        403   403           403
POST /uploads/{id}/complete      deleter         403  403    403        403   403           403
POST /uploads/{id}/complete      bounded         200  403    400        200   404           404
POST /uploads/{id}/complete      expired         403  403    403        403   403           403
POST /uploads/{id}/complete      upload-key      200  403    400        200   404           404
POST /uploads/{id}/complete      read-key        403  403    403        403   403           403
POST /uploads/{id}/complete      delete-key      403  403    403        403   403           403
POST /uploads/{id}/complete      revoked-key     401  401    401        401   401           401
POST /uploads/{id}/complete      link-key        403  403    403        403   403           403
POST /uploads/{id}/complete      link            403  403    403        200   404           404
POST /uploads/{id}/complete      revoked-link    403  403    403        403   403           403

DELETE /uploads/{id}             anonymous       401  401    401        401   401           401
DELETE /uploads/{id}             wrong-password  401  401    401        401   401           401
DELETE /uploads/{id}             removed         401  401    401        401   401           401
DELETE /uploads/{id}             user            204  403    400        204   404           404
DELETE /uploads/{id}             second          204  403    400        204   404           404
DELETE /uploads/{id}             service         204  204    400        204   404           404
DELETE /uploads/{id}             uploader        403  403    403        403   403           403
DELETE /uploads/{id}             reader          403  403    403        403   403           403
DELETE /uploads/{id}             deleter         204  204    400        204   404           404
DELETE /uploads/{id}             bounded         204  403    400        204   404           404
DELETE /uploads/{id}             expired         403  403    403        403   403           403
DELETE /uploads/{id}             upload-key      403  403    403        403   403           403
DELETE /uploads/{id}             read-key        403  403    403        403   403           403
DELETE /uploads/{id}             delete-key      204  403    400        204   404           404
DELETE /uploads/{id}             revoked-key     401  401    401        401   401           401
DELETE /uploads/{id}             link-key        403  403    403        403   403           403
DELETE /uploads/{id}             link            403  403    403        403   403           403
DELETE /uploads/{id}             revoked-link    403  403    403        403   403           403

GET /usage                       anonymous       401  401    401        401   -             -
GET /usage                       wrong-password  401  401    401        401   -             -
GET /usage                       removed         401  401    401        401   -             -
GET /usage                       user            200  403    400        200   -             -
GET /usage                       second          200  403    400        200   -             -
GET /usage                       service         200  200    400        200   -             -
GET /usage                       uploader        403  403    403        403   -             -
GET /usage                       reader          200  200    400        200   -             -
GET /usage                       deleter         403  403    403        403   -             -
GET /usage                       bounded         200  403    400        200   -             -
GET /usage                       expired         403  403    403        403   -             -
GET /usage                       upload-key      403  403    403        403   -             -
GET /usage                       read-key        200  403    400        200   -             -
GET /usage                       delete-key      403  403    403        403   -             -
GET /usage                       revoked-key     401  401    401        401   -             -
GET /usage                       link-key        403  403    403        403   -             -
GET /usage                       link            403  403    403        403   -             -
GET /usage                       revoked-link    403  403    403        403   -             -

POST /keys                       anonymous       401  401    401        401   -             -
POST /keys                       wrong-password  401  401    401        401   -             -
POST /keys                       removed         401  401    401        401   -             -
POST /keys                       user            400  403    403        201   -             -
POST /keys                       second          400  403    403        201   -             -
POST /keys                       service         400  403    403        201   -             -
POST /keys                       uploader        403  403    403        403   -             -
POST /keys                       reader          403  403    403        403   -             -
POST /keys                       deleter         403  403    403        403   -             -
POST /keys                       bounded         400  403    403        201   -             -
POST /keys                       expired         403  403    403        403   -             -
POST /keys                       upload-key      403  403    403        403   -             -
POST /keys                       read-key        403  403    403        403   -             -
POST /keys                       delete-key      403  403    403        403   -             -
POST /keys                       revoked-key     401  401    401        401   -             -
POST /keys                       link-key        403  403    403        403   -             -
POST /keys                       link            403  403    403        403   -             -
POST /keys                       revoked-link    403  403    403        403   -             -

GET /keys                        anonymous       401  401    401        401   -             -
GET /keys                        wrong-password  401  401    401        401   -             -
GET /keys                        removed         401  401    401        401   -             -
GET /keys                        user            400  403    403        200   -             -
GET /keys                        second          400  403    403        200   -             -
GET /keys                        service         400  403    403        200   -             -
GET /keys                        uploader        403  403    403        403   -             -
GET /keys                        reader          403  403    403        403   -             -
GET /keys                        deleter         403  403    403        403   -             -
GET /keys                        bounded         400  403    403        200   -             -
GET /keys                        expired         403  403    403        403   -             -
GET /keys                        upload-key      403  403    403        403   -             -
GET /keys                        read-key        403  403    403        403   -             -
GET /keys                        delete-key      403  403    403        403   -             -
GET /keys                        revoked-key     401  401    401        401   -             -
GET /keys                        link-key        403  403    403        403   -             -
GET /keys                        link            403  403    403        403   -             -
GET /keys                        revoked-link    403  403    403        403   -             -

DELETE /keys/{keyId}             anonymous       401  401    401        401   -             -
DELETE /keys/{keyId}             wrong-password  401  401    401        401   -             -
DELETE /keys/{keyId}             removed         401  401    401        401   -             -
DELETE /keys/{keyId}             user            400  403    403        204   -             -
DELETE /keys/{keyId}             second          400  403    403        204   -             -
DELETE /keys/{keyId}             service         400  403    403        204   -             -
DELETE /keys/{keyId}             uploader        403  403    403        403   -             -
DELETE /keys/{keyId}             reader          403  403    403        403   -             -
DELETE /keys/{keyId}             deleter         403  403    403        403   -             -
DELETE /keys/{keyId}             bounded         400  403    403        204   -             -
DELETE /keys/{keyId}             expired         403  403    403        403   -             -
DELETE /keys/{keyId}             upload-key      403  403    403        403   -             -
DELETE /keys/{keyId}             read-key        403  403    403        403   -             -
DELETE /keys/{keyId}             delete-key      403  403    403        403   -             -
DELETE /keys/{keyId}             revoked-key     401  401    401        401   -             -
DELETE /keys/{keyId}             link-key        403  403    403        403   -             -
DELETE /keys/{keyId}             link            403  403    403        403   -             -
DELETE /keys/{keyId}             revoked-link    403  403    403        403   -             -

POST /links                      anonymous       401  401    401        401   -             -
POST /links                      wrong-password  401  401    401        401   -             -
POST /links                      removed         401  401    401        401   -             -
POST /links                      user            201  403    400        201   -             -
POST /links                      second          201  403    400        201   -             -
POST /links                      service         201  201    400        201   -             -
POST /links                      uploader        403  403    403        403   -             -
POST /links                      reader          403  403    403        403   -             -
POST /links                      deleter         403  403    403        403   -             -
POST /links                      bounded         201  403    400        201   -             -
POST /links                      expired         403  403    403        403   -             -
POST /links                      upload-key      403  403    403        403   -             -
POST /links                      read-key        403  403    403        403   -             -
POST /links                      delete-key      403  403    403        403   -             -
POST /links                      revoked-key     401  401    401        401   -             -
POST /links                      link-key        201  403    400        201   -             -
POST /links                      link            403  403    403        403   -             -
POST /links                      revoked-link    403  403    403        403   -             -

DELETE /links                    anonymous       401  401    401        401   -             -
DELETE /links                    wrong-password  401  401    401        401   -             -
DELETE /links                    removed         401  401    401        401   -             -
DELETE /links                    user            204  403    400        204   -             -
DELETE /links                    second          204  403    400        204   -             -
DELETE /links                    service         204  204    400        204   -             -
DELETE /links                    uploader        403  403    403        403   -             -
DELETE /links                    reader          403  403    403        403   -             -
DELETE /links                    deleter         403  403    403        403   -             -
DELETE /links                    bounded         204  403    400        204   -             -
DELETE /links                    expired         403  403    403        403   -             -
DELETE /links                    upload-key      403  403    403        403   -             -
DELETE /links                    read-key        403  403    403        403   -             -
DELETE /links                    delete-key      403  403    403        403   -             -
DELETE /links                    revoked-key     401  401    401        401   -             -
DELETE /links                    link-key        204  403    400        204   -             -
DELETE /links                    link            403  403    403        403   -             -
DELETE /links                    revoked-link    403  403    403        403   -             -

DELETE /links/{linkId}           anonymous       401  401    401        401   -             -
DELETE /links/{linkId}           wrong-password  401  401    401        401   -             -
DELETE /links/{linkId}           removed         401  401    401        401   -             -
DELETE /links/{linkId}           user            204  403    400        204   -             -
DELETE /links/{linkId}           second          204  403    400        204   -             -
DELETE /links/{linkId}           service         204  204    400        204   -             -
DELETE /links/{linkId}           uploader        403  403    403        403   -             -
DELETE /links/{linkId}           reader          403  403    403        403   -             -
DELETE /links/{linkId}           deleter         403  403    403        403   -             -
DELETE /links/{linkId}           bounded         204  403    400        204   -             -
DELETE /links/{linkId}           expired         403  403    403        403   -             -
DELETE /links/{linkId}           upload-key      403  403    403        403   -             -
DELETE /links/{linkId}           read-key        403  403    403        403   -             -
DELETE /links/{linkId}           delete-key      403  403    403        403   -             -
DELETE /links/{linkId}           revoked-key     401  401    401        401   -             -
DELETE /links/{linkId}           link-key        204  403    400        204   -             -
DELETE /links/{linkId}           link            403  403    403        403   -             -
DELETE /links/{linkId}           revoked-link    403  403    403        403   -             -

GET /link                        anonymous       401  401    401        401   -             -
GET /link                        wrong-password  401  401    401        401   -             -
GET /link                        removed         401  401    401        401   -             -
GET /link                        user            400  403    403        403   -             -
GET /link                        second          400  403    403        403   -             -
GET /link                        service         400  403    403        403   -             -
GET /link                        uploader        403  403    403        403   -             -
GET /link                        reader          403  403    403        403   -             -
GET /link                        deleter         403  403    403        403   -             -
GET /link                        bounded         400  403    403        403   -             -
GET /link                        expired         403  403    403        403   -             -
GET /link                        upload-key      403  403    403        403   -             -
GET /link                        read-key        403  403    403        403   -             -
GET /link                        delete-key      403  403    403        403   -             -
GET /link                        revoked-key     401  401    401        401   -             -
GET /link                        link-key        403  403    403        403   -             -
GET /link                        link            403  403    403        200   -             -
GET /link                        revoked-link    403  403    403        403   -             -
`

// matrixCallers returns a caller of each kind.
func matrixCallers(t *testing.T) map[string]client {
	t.Helper()
	second := addUser(t, "second@example.com")
	removed := newClient(demo.base, "removed@example.com:password of removed")
	server.postern(t, removed.password+"\n", "user", "add", removed.user)
	server.postern(t, "", "user", "remove", "--yes", removed.user)
	callers := map[string]client{
		"anonymous":      newClient(demo.base, ""),
		"wrong-password": newClient(demo.base, demo.user+":wrong"),
		"removed":        removed,
		"user":           demo,
		"second":         second,
		"service":        addUser(t, "service@example.com", "--role", "service"),
		"uploader":       addUser(t, "uploader@example.com", "--role", "service", "--may", "upload", "--for", "example.com"),
		"reader":         addUser(t, "reader@example.com", "--role", "service", "--may", "read", "--for", "o*@example.com"),
		"deleter":        addUser(t, "deleter@example.com", "--role", "service", "--may", "delete", "--for", "other@example.com"),
		"bounded":        addUser(t, "bounded@example.com", "--role", "service", "--for", "example.org"),
		"expired":        addUser(t, "expired@example.com", "--role", "service", "--expires", "1s"),
	}
	holder := addUser(t, "holder@example.com")
	for name, may := range map[string]api.Right{
		"upload-key": api.RightUpload, "read-key": api.RightRead, "delete-key": api.RightDelete, "revoked-key": api.RightRead,
	} {
		callers[name] = holder.newKey(t, may)
	}
	callers["revoked-key"].revoke(t, holder)
	linker := addUser(t, "linker@example.com")
	callers["link-key"] = holder.newKey(t, api.RightLink)
	callers["link"], callers["revoked-link"] = linker.newLink(t, manyFiles), linker.newLink(t, manyFiles)
	callers["revoked-link"].revokeLink(t, linker)
	addTokenCallers(t, callers)
	for callers["expired"].do(t, http.MethodGet, "usage").status != http.StatusForbidden {
		time.Sleep(20 * time.Millisecond) // for a second at most
	}
	return callers
}

func TestAuthorizationMatrix(t *testing.T) {
	requireLocal(t)
	callers := matrixCallers(t)
	another := addUser(t, "another@example.com").store(t, "secret.txt", []byte("text"), "title", "secret")
	ids := matrixIDs{another: another.ID, own: map[string]string{}, service: callers["service"]}

	columns, rows := readMatrix()
	known := map[string]bool{}
	for _, cells := range rows {
		method, path, name := cells[0], cells[1], cells[2]
		row := strings.Join(cells[:3], " ")
		known[row] = true
		for i, column := range append(columns, "stranger") {
			want := strangerStatus(method, path, name, cells[4])
			if i < len(columns) {
				want = cells[3+i]
			}
			if want == "-" {
				if !needsID(column) || strings.Contains(path, "{id}") {
					t.Errorf("%s %s: nothing says what the caller gets", row, column)
				}
				continue
			}
			for _, name := range namesOf(name) {
				t.Run(method+" "+path+" "+name+" "+column, func(t *testing.T) {
					ids.check(t, callers[name], method, path, column, want)
				})
			}
		}
	}
	if diff := cmp.Diff(known, everyRow(callers)); diff != "" {
		t.Errorf("rows of the matrix (-got +want):\n%s", diff)
	}
}

// readMatrix returns the names of the matrix's columns, and the cells of each row.
func readMatrix() (columns []string, rows [][]string) {
	for line := range strings.Lines(matrix) {
		if cells := strings.Fields(line); len(cells) > 0 {
			rows = append(rows, cells)
		}
	}
	return rows[0][2:], rows[1:]
}

// needsID reports whether a column applies only to routes with an upload's id.
func needsID(column string) bool { return column == "another's-id" || column == "no-id" }

// everyRow returns the rows that the matrix must have: each route of the contract for each caller.
func everyRow(callers map[string]client) map[string]bool {
	all := map[string]bool{}
	for _, route := range contract.Routes {
		for caller := range callers {
			if of := alike[caller]; of != "" {
				caller = of
			}
			all[route.Method+" "+route.Path+" "+caller] = true
		}
	}
	return all
}

// check calls a route as a column says, and compares the status.
func (ids matrixIDs) check(t *testing.T, c client, method, path, column, want string) {
	t.Helper()
	path = strings.Replace(path, "{file}", "postern.js", 1)
	if before, after, ok := strings.Cut(path, "{keyId}"); ok {
		path = before + keyIDOf(t, c) + after
	}
	if before, after, ok := strings.Cut(path, "{linkId}"); ok {
		path = before + linkIDOf(t, c, column) + after
	}
	if before, after, ok := strings.Cut(path, "{id}"); ok {
		path = before + ids.of(t, c, method, column) + after
	}
	a := callRoute(t, c, method, path, column)
	if got := fmt.Sprint(a.status); got != want {
		t.Fatalf("got %s %s, want %s", got, a.body, want)
	}
	if isBlocked := strings.Contains(c.user, "blocked"); a.status == http.StatusForbidden && isBlocked != strings.Contains(string(a.body), "you are blocked here") {
		t.Errorf("got %s: want that the caller is blocked: %t", a.body, isBlocked)
	}
	if a.status < 300 && column == "other" && (path == "/presignedurl" || path == "/uploads" && a.status == http.StatusCreated) {
		checkNotCallers(t, c, a)
	}
}

// namesOf returns the callers who have a row: the one whom it names, and those who are alike.
func namesOf(name string) []string {
	names := []string{name}
	for caller, of := range alike {
		if of == name {
			names = append(names, caller)
		}
	}
	slices.Sort(names[1:])
	return names
}

// callRoute calls a route for the mail that a column names.
func callRoute(t *testing.T, c client, method, path, column string) answer {
	t.Helper()
	query := queryOf(c, column)
	path = strings.TrimPrefix(path, "/")
	switch method {
	case http.MethodPost:
		return c.postJSON(t, path+query, bodyOf(c, path))
	case http.MethodPatch:
		return c.patch(t, strings.TrimPrefix(path, "uploads/")+query, map[string]any{"title": "mine"})
	}
	a := c.do(t, method, path+query)
	if a.status < 300 && strings.HasPrefix(path, "uploads") && strings.Contains(string(a.body), "secret") {
		t.Errorf("another's words: %s", a.body)
	}
	return a
}

// bodyOf returns a good body of a POST route.
func bodyOf(c client, path string) any {
	const uploadID = "0190c1e2-7a4b-4c7e-9f60-1b2c3d4e5f60"
	switch {
	case path == "keys":
		return api.ScriptKeyRequest{Name: "matrix", May: api.Rights}
	case path == "links":
		return api.LinkRequest{From: "matrix"}
	case strings.HasSuffix(path, "/parts"):
		return api.PartsRequest{UploadID: uploadID, Size: 1, Parts: []api.PartRequest{{Number: 1}}}
	case strings.HasSuffix(path, "/parts/list"):
		return api.PartsListRequest{UploadID: uploadID}
	case strings.HasSuffix(path, "/complete"):
		return api.CompleteRequest{UploadID: uploadID, Size: 1}
	case c.isGuest():
		return api.UploadRequest{Filename: "a.txt", Size: 1, Guest: new("Ann")}
	default:
		return api.UploadRequest{Filename: "a.txt", Size: 1}
	}
}

// matrixIDs holds the ids that routes are called with.
type matrixIDs struct {
	another string            // of another's upload
	own     map[string]string // of a caller's own that is ready, by the caller's user
	service client            // who stores uploads for every mail
}

// of returns the id for a column: of the caller's own upload, which is ready, of one for the other mail, of another's, or
// one that nobody granted. A caller without a user takes the demo user's upload. A deleted upload is replaced.
func (ids matrixIDs) of(t *testing.T, c client, method, column string) string {
	t.Helper()
	switch column {
	case "another's-id":
		return ids.another
	case "other", "stranger":
		a := ids.service.postJSON(t, "uploads"+queryOf(c, column), map[string]any{"filename": "a.txt", "size": 1})
		return decoded[grant](t, a).ID
	case "no-id":
		return strings.Repeat("0", 12) + ids.another[12:] // long ago
	}
	if c.isGuest() {
		return ids.sent(t, c)
	}
	if ids.own[c.user] == "" || method == http.MethodDelete {
		ids.own[c.user] = ids.ready(t, c.user)
	}
	return ids.own[c.user]
}

// sent returns the id of what a guest sends. A guest whose link is revoked takes one that it would have sent.
func (ids matrixIDs) sent(t *testing.T, c client) string {
	t.Helper()
	a := c.postJSON(t, "uploads", bodyOf(c, "uploads"))
	if a.status != http.StatusCreated {
		return ids.another
	}
	return decoded[grant](t, a).ID
}

// ready stores an upload of a user, waits until it is ready and returns its id. The service does it, since the user may lack
// the rights. Without a user, the upload is the demo user's.
func (ids matrixIDs) ready(t *testing.T, user string) string {
	t.Helper()
	body := map[string]any{"filename": "a.txt", "size": 4}
	query := whom(user)
	a := ids.service.postJSON(t, "uploads"+query, body)
	if a.status != http.StatusCreated {
		query = whom(demo.user)
		a = ids.service.postJSON(t, "uploads"+query, body)
	}
	g := decoded[grant](t, a)
	if err := sender.Send(t.Context(), g.UploadGrant, strings.NewReader("text"), 4); err != nil {
		t.Fatalf("uploading: %v", err)
	}
	ids.service.await(t, g.ID+query, "ready")
	return g.ID
}

// checkNotCallers checks that a service's grant for another user is for that user's folder.
func checkNotCallers(t *testing.T, c client, a answer) {
	t.Helper()
	var got, own form
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	own = c.presignedURL(t)
	if owner := strings.Split(got.Key, "/")[1]; owner == strings.Split(own.Key, "/")[1] {
		t.Errorf("owner %s is the caller's own", owner)
	}
}
