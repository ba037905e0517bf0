package chain;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.RecursiveTask;

/** The JDK's HTTP server, a thread for each request; the thread leaves its work to a fork-join pool and waits. */
final class ForkJoinService {
  private ForkJoinService() {}

  static void start(String role) throws IOException {
    // Heads and bodies are two writes: the second must not wait for an acknowledgement.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(System.getenv("WORKERS")));
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(System.getenv("PORT")));
    HttpServer server = HttpServer.create(address, 512);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext(
        "/",
        exchange -> {
          String call = Service.callOf(exchange.getRequestURI().getPath());
          Reply reply = pool.invoke(new Task<>(() -> FanOut.serve(role, call, ForkJoinService::fork)));
          byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(reply.status(), body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  private static Future<Integer> fork(Callable<Integer> call) {
    return new Task<>(call).fork();
  }

  /** A task that other workers steal. */
  private static final class Task<T> extends RecursiveTask<T> {
    private static final long serialVersionUID = 1;
    private final transient Callable<T> call;

    Task(Callable<T> call) {
      this.call = call;
    }

    @Override
    protected T compute() {
      try {
        return call.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
