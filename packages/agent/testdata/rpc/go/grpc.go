package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

type unary func(context.Context, *message) (*message, error)

func method(name string, answer unary) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(message)
		if err := decode(in); err != nil {
			return nil, err
		}
		return answer(ctx, in)
	}}
}

func collect(_ any, stream grpc.ServerStream) error {
	for {
		err := stream.RecvMsg(new(message))
		if errors.Is(err, io.EOF) {
			return stream.SendMsg(text("collected"))
		}
		if err != nil {
			return err
		}
	}
}

func expand(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(message)); err != nil {
		return err
	}
	for i := 0; i < 4; i++ {
		if err := stream.SendMsg(text(strings.Repeat("x", 10_000*i))); err != nil {
			return err
		}
	}
	return nil
}

func chat(_ any, stream grpc.ServerStream) error {
	for {
		in := new(message)
		err := stream.RecvMsg(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.SendMsg(in); err != nil {
			return err
		}
	}
}

func serve() {
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "weft.test.Calls",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			method("Unary", func(_ context.Context, in *message) (*message, error) { return in, nil }),
			method("Fail", func(context.Context, *message) (*message, error) {
				return nil, status.Error(codes.NotFound, "no")
			}),
		},
		Streams: []grpc.StreamDesc{
			{StreamName: "Collect", Handler: collect, ClientStreams: true},
			{StreamName: "Expand", Handler: expand, ServerStreams: true},
			{StreamName: "Chat", Handler: chat, ClientStreams: true, ServerStreams: true},
		},
	}, nil)
	check(server.Serve(listen()))
}

func call(ctx context.Context, address string) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer connection.Close()
	path := func(name string) string { return "/weft.test.Calls/" + name }
	out := new(message)
	check(connection.Invoke(ctx, path("Unary"), text("one"), out))
	check(connection.Invoke(ctx, path("Unary"), text("two"), out))
	if status.Code(connection.Invoke(ctx, path("Fail"), text(""), out)) != codes.NotFound {
		check(errors.New("Fail did not fail"))
	}
	open := func(name string, desc grpc.StreamDesc) grpc.ClientStream {
		stream, err := connection.NewStream(ctx, &desc, path(name))
		check(err)
		return stream
	}
	stream := open("Collect", grpc.StreamDesc{ClientStreams: true})
	for i := 0; i < 3; i++ {
		check(stream.SendMsg(text("part")))
	}
	check(stream.CloseSend())
	check(stream.RecvMsg(out))
	stream = open("Expand", grpc.StreamDesc{ServerStreams: true})
	check(stream.SendMsg(text("go")))
	check(stream.CloseSend())
	drain(stream)
	stream = open("Chat", grpc.StreamDesc{ClientStreams: true, ServerStreams: true})
	for i := 0; i < 3; i++ {
		check(stream.SendMsg(text("ping")))
		check(stream.RecvMsg(out))
	}
	check(stream.CloseSend())
	drain(stream)
}

func drain(stream grpc.ClientStream) {
	for {
		err := stream.RecvMsg(new(message))
		if errors.Is(err, io.EOF) {
			return
		}
		check(err)
	}
}
