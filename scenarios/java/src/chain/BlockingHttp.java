package chain;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** The JDK's blocking HTTP client, which keeps connections. */
final class BlockingHttp {
  static {
    // As many kept connections as there may be requests at once.
    System.setProperty("http.maxConnections", "128");
  }

  private BlockingHttp() {}

  /** GET `path`/<fresh id> on behalf of the call `serving`; gives the status. */
  static int get(String port, String path, String serving) {
    String call = Truth.newCall(serving);
    try {
      URI uri = URI.create("http://127.0.0.1:" + port + path + "/" + call);
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      connection.setReadTimeout(30_000);
      int status = connection.getResponseCode();
      InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
      if (body != null) {
        try (body) {
          body.readAllBytes();
        }
      }
      return status;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
