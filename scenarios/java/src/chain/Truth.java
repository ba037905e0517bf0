package chain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Notes who called whom, and why, in a file of its own; written every 100 lines and at the end. */
final class Truth {
  private static final Path FILE = Path.of(System.getenv("TRUTH_LOG"));
  private static final SecureRandom RANDOM = new SecureRandom();
  private static StringBuilder text = new StringBuilder();
  private static int lines = 0;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Truth::write));
  }

  private Truth() {}

  /** A fresh call id, made while serving `parent`. */
  static synchronized String newCall(String parent) {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    String call = HexFormat.of().formatHex(id);
    text.append("{\"call\":\"").append(call).append("\",\"parent\":\"").append(parent).append("\"}\n");
    if (++lines >= 100) write();
    return call;
  }

  private static synchronized void write() {
    try {
      Files.writeString(FILE, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    text = new StringBuilder();
    lines = 0;
  }
}
