package chain;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Netty: event loops read and write, the threads of a business pool make the calls. */
final class NettyService {
  private NettyService() {}

  static void start(String role) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(Integer.parseInt(System.getenv("WORKERS")));
    NioEventLoopGroup loops = new NioEventLoopGroup(2);
    new ServerBootstrap()
        .group(loops)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, 512)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                channel
                    .pipeline()
                    .addLast(new HttpServerCodec(), new HttpObjectAggregator(65536), new Handler(role, pool));
              }
            })
        .bind("127.0.0.1", Integer.parseInt(System.getenv("PORT")))
        .sync();
  }

  private static final class Handler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final String role;
    private final ExecutorService pool;

    Handler(String role, ExecutorService pool) {
      this.role = role;
      this.pool = pool;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      String call = Service.callOf(request.uri());
      pool.execute(() -> answer(context, Sequential.serve(role, call)));
    }

    /** From a worker: Netty hands it to the channel's event loop. */
    private static void answer(ChannelHandlerContext context, Reply reply) {
      byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(reply.status()),
              Unpooled.wrappedBuffer(body));
      response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
      context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }
  }
}
