import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcContext;

/** A provider of two services, the second of which calls a further provider, and a consumer that calls them. */
public final class Shop {
  public record Nothing() {}

  public static final class Item implements java.io.Serializable {
    public String name;
    public int count;
    public List<Long> prices;
    public Map<String, Double> weights;
  }

  public static final class SoldOut extends RuntimeException {
    public SoldOut(String message) {
      super(message);
    }
  }

  public interface Stock {
    int count(String name);
  }

  public interface Cart {
    Item add(String name, Item item, List<Item> more);

    void remove(String name);

    byte[] picture(int length);

    String slow();
  }

  private static final class StockService implements Stock {
    @Override
    public int count(String name) {
      return name.length();
    }
  }

  private record CartService(Stock stock) implements Cart {
    @Override
    public Item add(String name, Item item, List<Item> more) {
      item.count = stock.count(name);
      return item;
    }

    @Override
    public void remove(String name) {
      throw new SoldOut(name);
    }

    @Override
    public byte[] picture(int length) {
      return new byte[length];
    }

    @Override
    public String slow() {
      try {
        Thread.sleep(3000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return "late";
    }
  }

  private static <T> void provide(DubboBootstrap bootstrap, Class<T> type, T service) {
    ServiceConfig<T> config = new ServiceConfig<>();
    config.setInterface(type);
    config.setRef(service);
    bootstrap.service(config);
  }

  private static <T> ReferenceConfig<T> refer(Class<T> type, String url, int timeout) {
    ReferenceConfig<T> config = new ReferenceConfig<>();
    config.setInterface(type);
    config.setUrl(url);
    config.setTimeout(timeout);
    config.setRetries(0);
    config.setCheck(false);
    return config;
  }

  private static DubboBootstrap begin(String name) {
    ApplicationConfig application = new ApplicationConfig(name);
    application.setQosEnable(false);
    application.setSerializeCheckStatus("DISABLE");
    DubboBootstrap bootstrap = DubboBootstrap.getInstance();
    return bootstrap.application(application).registry(new RegistryConfig("N/A"));
  }

  private static ProtocolConfig protocol(int port, String serialization) {
    ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
    protocol.setSerialization(serialization);
    return protocol;
  }

  public static void main(String[] args) throws InterruptedException {
    switch (args[0]) {
      case "stock" -> {
        DubboBootstrap bootstrap = begin("stock").protocol(protocol(Integer.parseInt(args[1]), args[2]));
        provide(bootstrap, Stock.class, new StockService());
        bootstrap.start();
        new CountDownLatch(1).await();
      }
      case "cart" -> {
        DubboBootstrap bootstrap = begin("cart").protocol(protocol(Integer.parseInt(args[1]), args[2]));
        ReferenceConfig<Stock> stock = refer(Stock.class, args[3], 5000);
        bootstrap.reference(stock);
        provide(bootstrap, Cart.class, new CartService(stock.get()));
        bootstrap.start();
        new CountDownLatch(1).await();
      }
      default -> load(args[1], Integer.parseInt(args[2]));
    }
  }

  private static void load(String url, int rounds) throws InterruptedException {
    DubboBootstrap bootstrap = begin("shopper");
    ReferenceConfig<Cart> reference = refer(Cart.class, url, 1000);
    bootstrap.reference(reference).start();
    Cart cart = reference.get();
    Item item = new Item();
    item.name = "rope";
    item.prices = List.of(1L, 70_000_000_000L);
    item.weights = Map.of("kg", 12.5);
    for (int i = 0; i < rounds; i++) {
      RpcContext.getClientAttachment()
          .setAttachment("traceparent", String.format("00-%032x-b7ad6b7169203331-01", 0xabc000L + i));
      cart.add("rope", item, List.of(item, item));
    }
    try {
      cart.remove("anvil");
    } catch (SoldOut expected) {
      System.out.println("sold out");
    }
    System.out.println(cart.picture(300_000).length);
    try {
      cart.slow();
    } catch (RuntimeException expected) {
      System.out.println("too slow");
    }
    // A heartbeat is sent once a connection has been quiet for so long.
    Thread.sleep(Long.getLong("quiet", 0));
    System.out.println("done");
    System.exit(0);
  }
}
