package chain;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Services whose calls are futures: nobody waits, the answer is composed when the last has come. */
final class Async {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String MIDDLE = System.getenv("MIDDLE_PORT");
  private static final String LEAF = System.getenv("LEAF_PORT");

  private Async() {}

  static void start(String role) throws Exception {
    NioServer.serve(
        2,
        (path, answer) -> {
          String serving = Service.callOf(path);
          CompletableFuture<Reply> reply = role.equals("front") ? front(serving) : middle(serving);
          reply.exceptionally(Async::failed).thenAccept(answer);
        });
  }

  private static Reply failed(Throwable error) {
    error.printStackTrace();
    return Reply.of(599);
  }

  private static CompletableFuture<Integer> get(String port, String path, String serving) {
    String call = Truth.newCall(serving);
    URI uri = URI.create("http://127.0.0.1:" + port + path + "/" + call);
    return CLIENT
        .sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
        .thenApply(response -> response.statusCode());
  }

  private static CompletableFuture<Reply> front(String serving) {
    if (Chance.of(0.06)) return CompletableFuture.completedFuture(new Reply(200, "{\"cached\":true}"));
    List<CompletableFuture<Integer>> calls = new ArrayList<>();
    calls.add(get(MIDDLE, "/step", serving));
    if (Chance.of(0.4)) calls.add(get(LEAF, "/price", serving));
    return CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new))
        .thenCompose(
            done -> {
              int worst = calls.stream().mapToInt(CompletableFuture::join).max().orElse(200);
              if (worst != 503 && Chance.of(0.5)) return CompletableFuture.completedFuture(worst);
              return get(LEAF, "/stock", serving);
            })
        .thenApply(status -> Reply.of(Chance.of(0.03) ? 500 : status < 500 ? 200 : 502));
  }

  private static CompletableFuture<Reply> middle(String serving) {
    if (Chance.of(0.04)) return CompletableFuture.completedFuture(Reply.of(503));
    return get(LEAF, "/leaf", serving)
        .thenCompose(
            status ->
                status != 200 || Chance.of(0.25)
                    ? get(LEAF, "/leaf", serving)
                    : CompletableFuture.completedFuture(status))
        .thenApply(Reply::of);
  }
}
