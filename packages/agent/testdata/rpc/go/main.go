// gRPC and gRPC-Web, both ends: `serve`, `call PORT`, `web-serve`, `web-call PORT h1|h2c`. A server prints its port. Messages are
// those of google.protobuf.BytesValue, so that nothing has to be generated.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

type message = wrapperspb.BytesValue

func text(s string) *message { return wrapperspb.Bytes([]byte(s)) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return listener
}

func main() {
	ctx := context.Background()
	switch os.Args[1] {
	case "serve":
		serve()
	case "call":
		call(ctx, "127.0.0.1:"+os.Args[2])
	case "web-serve":
		webServe()
	case "web-call":
		webCall(ctx, "http://127.0.0.1:"+os.Args[2], os.Args[3] == "h2c")
	}
}
