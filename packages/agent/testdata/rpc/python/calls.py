"""gRPC, both ends: `serve`, `call PORT`. The server prints its port. Messages are bytes as they stand."""

import sys
from concurrent import futures

import grpc

SERVICE = 'weft.test.Calls'


def fail(_, context):
    context.abort(grpc.StatusCode.NOT_FOUND, 'no')


def serve():
    handlers = {
        'Unary': grpc.unary_unary_rpc_method_handler(lambda request, _: request),
        'Fail': grpc.unary_unary_rpc_method_handler(fail),
        'Collect': grpc.stream_unary_rpc_method_handler(lambda requests, _: b'%d' % sum(1 for _ in requests)),
        'Expand': grpc.unary_stream_rpc_method_handler(lambda *_: (b'x' * (10_000 * i) for i in range(4))),
        'Chat': grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    print(server.add_insecure_port('127.0.0.1:0'), flush=True)
    server.start()
    server.wait_for_termination()


def call(port):
    with grpc.insecure_channel(f'127.0.0.1:{port}') as channel:
        path = lambda name: f'/{SERVICE}/{name}'
        unary = channel.unary_unary(path('Unary'))
        unary(b'one')
        unary(b'two')
        try:
            channel.unary_unary(path('Fail'))(b'')
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND
        channel.stream_unary(path('Collect'))(iter([b'part'] * 3))
        assert len(list(channel.unary_stream(path('Expand'))(b'go'))) == 4
        assert len(list(channel.stream_stream(path('Chat'))(iter([b'ping'] * 3)))) == 3


if sys.argv[1] == 'serve':
    serve()
else:
    call(sys.argv[2])
