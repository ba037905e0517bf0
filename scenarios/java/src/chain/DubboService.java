package chain;

import java.util.concurrent.CompletableFuture;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcContext;

/** An HTTP front that consumes, and a middle that provides over Dubbo's own protocol. */
final class DubboService {
  private static final String LEAF = System.getenv("LEAF_PORT");
  private static final boolean LATER = "async".equals(System.getenv("CONSUMER"));

  private DubboService() {}

  static void start(String role) throws Exception {
    ApplicationConfig application = new ApplicationConfig(role);
    application.setQosEnable(false);
    DubboBootstrap bootstrap = DubboBootstrap.getInstance().application(application);
    bootstrap.registry(new RegistryConfig("N/A"));
    if (role.equals("middle")) provide(bootstrap);
    else if (LATER) consumeLater(consumer(bootstrap));
    else consume(consumer(bootstrap));
  }

  private static void provide(DubboBootstrap bootstrap) {
    ProtocolConfig protocol = new ProtocolConfig("dubbo", Integer.parseInt(System.getenv("PORT")));
    // Consumers take a loopback address for the host's own, whatever it is.
    protocol.setHost("0.0.0.0");
    protocol.setDispatcher(System.getenv("DISPATCHER"));
    ServiceConfig<Items> service = new ServiceConfig<>();
    service.setInterface(Items.class);
    service.setRef(new Provider());
    bootstrap.protocol(protocol).service(service).start().await();
  }

  private static Items consumer(DubboBootstrap bootstrap) {
    ReferenceConfig<Items> reference = new ReferenceConfig<>();
    reference.setInterface(Items.class);
    reference.setUrl("dubbo://127.0.0.1:" + System.getenv("MIDDLE_PORT") + "/" + Items.class.getName());
    reference.setConnections(Integer.parseInt(System.getenv("CONNECTIONS")));
    reference.setTimeout(30_000);
    reference.setRetries(0);
    bootstrap.reference(reference).start();
    return reference.get();
  }

  private static String nameFor(String serving) {
    String call = Truth.newCall(serving);
    RpcContext.getClientAttachment().setAttachment("request-id", call);
    return "item-" + call;
  }

  /** Tomcat's threads wait for each answer. */
  private static void consume(Items items) throws Exception {
    TomcatService.start(
        null,
        serving -> {
          if (Chance.of(0.06)) return new Reply(200, "{\"cached\":true}");
          int status = items.find(nameFor(serving));
          if (status == 503) status = items.find(nameFor(serving));
          if (Chance.of(0.5)) status = Math.max(status, BlockingHttp.get(LEAF, "/price", serving));
          if (Chance.of(0.03)) return Reply.of(500);
          return Reply.of(status < 500 ? 200 : 502);
        });
  }

  /** Nobody waits: two calls at once, then one more. */
  private static void consumeLater(Items items) throws Exception {
    NioServer.serve(
        2,
        (path, answer) -> {
          String serving = Service.callOf(path);
          if (Chance.of(0.06)) {
            answer.accept(new Reply(200, "{\"cached\":true}"));
            return;
          }
          CompletableFuture<Integer> first = items.findLater(nameFor(serving));
          CompletableFuture<Integer> second =
              Chance.of(0.4) ? items.findLater(nameFor(serving)) : CompletableFuture.completedFuture(200);
          first
              .thenCombine(second, Math::max)
              .thenCompose(
                  status ->
                      status == 503 || Chance.of(0.3)
                          ? items.findLater(nameFor(serving))
                          : CompletableFuture.completedFuture(status))
              .exceptionally(DubboService::failed)
              .thenAccept(status -> answer.accept(Reply.of(status < 500 ? 200 : 502)));
        });
  }

  private static int failed(Throwable error) {
    error.printStackTrace();
    return 599;
  }

  private static final class Provider implements Items {
    @Override
    public int find(String name) {
      String serving = name.substring(name.indexOf('-') + 1);
      if (Chance.of(0.04)) return 503;
      int status = BlockingHttp.get(LEAF, "/leaf", serving);
      return status != 200 || Chance.of(0.25) ? BlockingHttp.get(LEAF, "/leaf", serving) : status;
    }

    @Override
    public CompletableFuture<Integer> findLater(String name) {
      return CompletableFuture.completedFuture(find(name));
    }
  }
}
