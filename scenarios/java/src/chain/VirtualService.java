package chain;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Tomcat with a virtual thread for each request and one for each task of it. */
final class VirtualService {
  private VirtualService() {}

  static void start(String role) throws Exception {
    ExecutorService threads = virtualThreads();
    TomcatService.start(threads, serving -> FanOut.serve(role, serving, threads::submit));
  }

  /** By its name, since the sources are of a Java that does not have it. */
  private static ExecutorService virtualThreads() throws ReflectiveOperationException {
    return (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }
}
