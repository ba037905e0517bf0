package chain;

/** Blocking services that call one after the other. */
final class Sequential {
  /** What the front asks beside the middle: another service, a cache, a database. */
  interface Lookup {
    int get(String serving);
  }

  private static final String MIDDLE = System.getenv("MIDDLE_PORT");
  private static final String LEAF = System.getenv("LEAF_PORT");

  private Sequential() {}

  /** The answer to the call `serving`, by the role of this program. */
  static Reply serve(String role, String serving, Lookup lookup) {
    return role.equals("front") ? front(serving, lookup) : middle(serving);
  }

  static Reply serve(String role, String serving) {
    return serve(role, serving, call -> BlockingHttp.get(LEAF, "/price", call));
  }

  private static Reply front(String serving, Lookup lookup) {
    if (Chance.of(0.06)) return new Reply(200, "{\"cached\":true}");
    int status = BlockingHttp.get(MIDDLE, "/step", serving);
    if (status == 503) status = BlockingHttp.get(MIDDLE, "/step", serving);
    Chance.sleep(0.5, 20);
    if (Chance.of(0.5)) status = Math.max(status, lookup.get(serving));
    if (Chance.of(0.03)) return Reply.of(500);
    return Reply.of(status < 500 ? 200 : 502);
  }

  private static Reply middle(String serving) {
    if (Chance.of(0.04)) return Reply.of(503);
    Chance.sleep(1, 40);
    int status = BlockingHttp.get(LEAF, "/leaf", serving);
    if (status != 200 || Chance.of(0.25)) status = BlockingHttp.get(LEAF, "/leaf", serving);
    return Reply.of(status);
  }
}
