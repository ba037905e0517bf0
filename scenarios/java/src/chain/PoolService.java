package chain;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Two I/O threads hand requests over to a pool with a queue; a worker makes the calls and writes the answer. */
final class PoolService {
  private PoolService() {}

  static void start(String role) throws Exception {
    int workers = Integer.parseInt(System.getenv("WORKERS"));
    ExecutorService pool =
        new ThreadPoolExecutor(workers, workers, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
    NioServer.serve(
        2,
        (path, answer) ->
            pool.execute(() -> answer.accept(Sequential.serve(role, Service.callOf(path)))));
  }
}
