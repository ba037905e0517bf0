package chain;

/** What a service answers. */
record Reply(int status, String body) {
  static Reply of(int status) {
    return new Reply(status, "{\"status\":" + status + "}");
  }
}
