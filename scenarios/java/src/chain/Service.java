package chain;

/** Start of every service: `java chain.Service MODEL front|middle`. */
public final class Service {
  private Service() {}

  public static void main(String[] args) throws Exception {
    String role = args[1];
    switch (args[0]) {
      case "executor" -> PoolService.start(role);
      default -> throw new IllegalArgumentException("no such model: " + args[0]);
    }
  }

  /** The call that a path names. */
  static String callOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
