package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"connectrpc.com/connect"
)

const service = "/weft.test.Calls/"

func protocols(h2c bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(!h2c)
	p.SetUnencryptedHTTP2(h2c)
	return p
}

func webServe() {
	mux := http.NewServeMux()
	mux.Handle(service+"Unary", connect.NewUnaryHandler(service+"Unary",
		func(_ context.Context, in *connect.Request[message]) (*connect.Response[message], error) {
			return connect.NewResponse(in.Msg), nil
		}))
	mux.Handle(service+"Fail", connect.NewUnaryHandler(service+"Fail",
		func(context.Context, *connect.Request[message]) (*connect.Response[message], error) {
			return nil, connect.NewError(connect.CodeNotFound, errors.New("no"))
		}))
	mux.Handle(service+"Expand", connect.NewServerStreamHandler(service+"Expand",
		func(_ context.Context, _ *connect.Request[message], stream *connect.ServerStream[message]) error {
			for i := 0; i < 4; i++ {
				if err := stream.Send(text(strings.Repeat("x", 10_000*i))); err != nil {
					return err
				}
			}
			return nil
		}))
	both := protocols(false)
	both.SetUnencryptedHTTP2(true)
	check((&http.Server{Handler: mux, Protocols: both}).Serve(listen()))
}

func webCall(ctx context.Context, url string, h2c bool) {
	client := &http.Client{Transport: &http.Transport{Protocols: protocols(h2c)}}
	of := func(name string) *connect.Client[message, message] {
		return connect.NewClient[message, message](client, url+service+name, connect.WithGRPCWeb())
	}
	for _, word := range []string{"one", "two"} {
		_, err := of("Unary").CallUnary(ctx, connect.NewRequest(text(word)))
		check(err)
	}
	if _, err := of("Fail").CallUnary(ctx, connect.NewRequest(text(""))); connect.CodeOf(err) != connect.CodeNotFound {
		check(errors.New("Fail did not fail"))
	}
	stream, err := of("Expand").CallServerStream(ctx, connect.NewRequest(text("go")))
	check(err)
	for stream.Receive() {
	}
	check(stream.Err())
	check(stream.Close())
}
