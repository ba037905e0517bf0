package chain;

import java.util.concurrent.CompletableFuture;

/** What the Dubbo provider offers; an item's name carries the call's id. */
public interface Items {
  /** @return a status */
  int find(String name);

  /** The same for callers who do not wait. */
  CompletableFuture<Integer> findLater(String name);
}
