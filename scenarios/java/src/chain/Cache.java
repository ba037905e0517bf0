package chain;

import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPool;
import redis.clients.jedis.JedisPoolConfig;

/** Redis, through Jedis and its pool of connections. */
final class Cache {
  private static final JedisPool POOL = pool();

  private Cache() {}

  private static JedisPool pool() {
    JedisPoolConfig settings = new JedisPoolConfig();
    settings.setMaxTotal(64);
    settings.setMaxIdle(64);
    return new JedisPool(settings, "127.0.0.1", Integer.parseInt(System.getenv("REDIS_PORT")));
  }

  /** Reads a key that carries a fresh id, on behalf of the call `serving`; gives a status. */
  static int get(String serving) {
    String call = Truth.newCall(serving);
    try (Jedis jedis = POOL.getResource()) {
      return jedis.get("item:" + call) == null ? 200 : 500;
    }
  }
}
