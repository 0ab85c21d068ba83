// Site serves the page, the client module and the API's document: public text files that lie beside it. It calls nothing,
// reads no row and needs no right.
package main

import "postern/internal/function"

func main() { function.Start(newFunction) }
