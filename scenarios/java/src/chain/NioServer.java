package chain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** A small HTTP/1.1 server over selectors: its I/O threads read requests, whoever has the answer writes it. */
final class NioServer {
  /** Takes a request; may return before it has been answered. */
  interface Handler {
    void handle(String path, Consumer<Reply> answer);
  }

  private final Loop[] loops;
  private int next = 0;

  private NioServer(int threads, Handler handler) throws IOException {
    loops = new Loop[threads];
    for (int i = 0; i < threads; i++) loops[i] = new Loop(handler);
  }

  /** Serves GET requests on $PORT until the program ends. */
  static void serve(int threads, Handler handler) throws IOException {
    NioServer server = new NioServer(threads, handler);
    ServerSocketChannel listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 512);
    listener.configureBlocking(false);
    listener.register(server.loops[0].selector, SelectionKey.OP_ACCEPT, server);
    for (int i = 0; i < threads; i++) new Thread(server.loops[i], "io-" + i).start();
  }

  private void accepted(SocketChannel channel) throws IOException {
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    Loop loop = loops[next++ % loops.length];
    loop.arrivals.add(channel);
    loop.selector.wakeup();
  }

  private static final class Loop implements Runnable {
    final Selector selector = Selector.open();
    final Queue<SocketChannel> arrivals = new ConcurrentLinkedQueue<>();
    private final Handler handler;

    Loop(Handler handler) throws IOException {
      this.handler = handler;
    }

    @Override
    public void run() {
      try {
        while (true) {
          selector.select(this::ready);
          for (SocketChannel channel; (channel = arrivals.poll()) != null; )
            channel.register(selector, SelectionKey.OP_READ, ByteBuffer.allocate(8192));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void ready(SelectionKey key) {
      try {
        if (key.attachment() instanceof NioServer server) {
          for (SocketChannel channel; (channel = ((ServerSocketChannel) key.channel()).accept()) != null; )
            server.accepted(channel);
        } else {
          read((SocketChannel) key.channel(), (ByteBuffer) key.attachment());
        }
      } catch (IOException e) {
        key.cancel();
      }
    }

    private void read(SocketChannel channel, ByteBuffer buffer) throws IOException {
      if (channel.read(buffer) < 0) {
        channel.close();
        return;
      }
      String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
      if (!text.contains("\r\n\r\n")) return;
      buffer.clear();
      String path = text.split(" ", 3)[1];
      handler.handle(path, reply -> write(channel, reply));
    }

    private static void write(SocketChannel channel, Reply reply) {
      byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
      String head = "HTTP/1.1 " + reply.status() + " X\r\nContent-Type: application/json\r\nContent-Length: ";
      ByteBuffer bytes = ByteBuffer.wrap((head + body.length + "\r\n\r\n" + reply.body()).getBytes(StandardCharsets.UTF_8));
      try {
        while (bytes.hasRemaining()) channel.write(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
