package chain;

import java.util.concurrent.ThreadLocalRandom;

/** What differs from request to request. */
final class Chance {
  private Chance() {}

  static boolean of(double probability) {
    return ThreadLocalRandom.current().nextDouble() < probability;
  }

  /** Holds the thread for a log-normal time. */
  static void sleep(double medianMs, double limitMs) {
    double ms = Math.min(Math.exp(ThreadLocalRandom.current().nextGaussian() * 0.8) * medianMs, limitMs);
    try {
      Thread.sleep((long) ms, (int) ((ms % 1) * 1e6));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
