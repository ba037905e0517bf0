package chain;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Services of blocking calls, some at once: each of those is a task of its own. */
final class FanOut {
  /** Starts a task. */
  interface Forker {
    Future<Integer> fork(Callable<Integer> task);
  }

  private static final String MIDDLE = System.getenv("MIDDLE_PORT");
  private static final String LEAF = System.getenv("LEAF_PORT");

  private FanOut() {}

  static Reply serve(String role, String serving, Forker forker) {
    return role.equals("front") ? front(serving, forker) : middle(serving);
  }

  private static Reply front(String serving, Forker forker) {
    if (Chance.of(0.06)) return new Reply(200, "{\"cached\":true}");
    List<Future<Integer>> forks = new ArrayList<>();
    forks.add(forker.fork(() -> BlockingHttp.get(MIDDLE, "/step", serving)));
    if (Chance.of(0.4)) forks.add(forker.fork(() -> BlockingHttp.get(LEAF, "/price", serving)));
    int worst = 200;
    for (Future<Integer> fork : forks) worst = Math.max(worst, join(fork));
    if (worst == 503 || Chance.of(0.5)) worst = BlockingHttp.get(LEAF, "/stock", serving);
    if (Chance.of(0.03)) return Reply.of(500);
    return Reply.of(worst < 500 ? 200 : 502);
  }

  private static Reply middle(String serving) {
    if (Chance.of(0.04)) return Reply.of(503);
    int status = BlockingHttp.get(LEAF, "/leaf", serving);
    if (status != 200 || Chance.of(0.25)) status = BlockingHttp.get(LEAF, "/leaf", serving);
    return Reply.of(status);
  }

  private static int join(Future<Integer> fork) {
    try {
      return fork.get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
