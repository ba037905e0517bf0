package chain;

/** Start of every service: `java chain.Service MODEL front|middle`. */
public final class Service {
  private Service() {}

  public static void main(String[] args) throws Exception {
    String role = args[1];
    switch (args[0]) {
      case "tomcat" -> TomcatService.start(null, call -> Sequential.serve(role, call, Cache::get));
      case "jetty" -> JettyService.start(role);
      case "executor" -> PoolService.start(role);
      case "completable-future" -> Async.start(role);
      case "fork-join" -> ForkJoinService.start(role);
      case "virtual-threads" -> VirtualService.start(role);
      case "netty" -> NettyService.start(role);
      case "dubbo" -> DubboService.start(role);
      default -> throw new IllegalArgumentException("no such model: " + args[0]);
    }
  }

  /** The call that a path names. */
  static String callOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
