import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;

/** gRPC, both ends: `serve`, `call PORT`. The server prints its port. Messages are bytes as they stand. */
public final class Calls {
  private static final String SERVICE = "weft.test.Calls";

  private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
    }
  };

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder(BYTES, BYTES)
        .setType(type).setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name)).build();
  }

  private static final MethodDescriptor<byte[], byte[]> UNARY = method("Unary", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> FAIL = method("Fail", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> COLLECT = method("Collect", MethodType.CLIENT_STREAMING);
  private static final MethodDescriptor<byte[], byte[]> EXPAND = method("Expand", MethodType.SERVER_STREAMING);
  private static final MethodDescriptor<byte[], byte[]> CHAT = method("Chat", MethodType.BIDI_STREAMING);

  /** Sends each message back, or one answer at the end. */
  private static StreamObserver<byte[]> reader(StreamObserver<byte[]> out, boolean echoes) {
    return new StreamObserver<>() {
      @Override
      public void onNext(byte[] value) {
        if (echoes) out.onNext(value);
      }

      @Override
      public void onError(Throwable error) {}

      @Override
      public void onCompleted() {
        if (!echoes) out.onNext("collected".getBytes());
        out.onCompleted();
      }
    };
  }

  private static void serve() throws Exception {
    ServerServiceDefinition service = ServerServiceDefinition.builder(SERVICE)
        .addMethod(UNARY, ServerCalls.asyncUnaryCall((request, out) -> {
          out.onNext(request);
          out.onCompleted();
        }))
        .addMethod(FAIL, ServerCalls.asyncUnaryCall((request, out) -> out.onError(Status.NOT_FOUND.asRuntimeException())))
        .addMethod(COLLECT, ServerCalls.asyncClientStreamingCall(out -> reader(out, false)))
        .addMethod(EXPAND, ServerCalls.asyncServerStreamingCall((request, out) -> {
          for (int i = 0; i < 4; i++) out.onNext(new byte[10_000 * i]);
          out.onCompleted();
        }))
        .addMethod(CHAT, ServerCalls.asyncBidiStreamingCall(out -> reader(out, true)))
        .build();
    Server server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).addService(service).build().start();
    System.out.println(server.getPort());
    server.awaitTermination();
  }

  /** Sends three messages and waits for the end. */
  private static void stream(ManagedChannel channel, MethodDescriptor<byte[], byte[]> method, boolean isBidi) throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    StreamObserver<byte[]> in = new StreamObserver<>() {
      @Override
      public void onNext(byte[] value) {}

      @Override
      public void onError(Throwable error) {
        error.printStackTrace();
        System.exit(1);
      }

      @Override
      public void onCompleted() {
        done.countDown();
      }
    };
    var call = channel.newCall(method, CallOptions.DEFAULT);
    StreamObserver<byte[]> out = isBidi ? ClientCalls.asyncBidiStreamingCall(call, in) : ClientCalls.asyncClientStreamingCall(call, in);
    for (int i = 0; i < 3; i++) out.onNext("part".getBytes());
    out.onCompleted();
    done.await();
  }

  private static void call(int port) throws Exception {
    ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    ClientCalls.blockingUnaryCall(channel, UNARY, CallOptions.DEFAULT, "one".getBytes());
    ClientCalls.blockingUnaryCall(channel, UNARY, CallOptions.DEFAULT, "two".getBytes());
    try {
      ClientCalls.blockingUnaryCall(channel, FAIL, CallOptions.DEFAULT, new byte[0]);
      throw new IllegalStateException("Fail did not fail");
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.NOT_FOUND) throw error;
    }
    stream(channel, COLLECT, false);
    ClientCalls.blockingServerStreamingCall(channel, EXPAND, CallOptions.DEFAULT, "go".getBytes()).forEachRemaining(value -> {});
    stream(channel, CHAT, true);
    channel.shutdown().awaitTermination(10, java.util.concurrent.TimeUnit.SECONDS);
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("serve")) serve();
    else call(Integer.parseInt(arguments[1]));
  }
}
