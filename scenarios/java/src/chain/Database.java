package chain;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ConcurrentLinkedDeque;

/** PostgreSQL, through JDBC and a pool that grows as it is asked. */
final class Database {
  private static final String URL =
      "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/postgres?user=postgres&sslmode=disable";
  private static final ConcurrentLinkedDeque<Connection> IDLE = new ConcurrentLinkedDeque<>();

  private Database() {}

  /** A query with a fresh id as a literal, on behalf of the call `serving`; gives a status. */
  static int find(String serving) {
    String call = Truth.newCall(serving);
    try {
      Connection connection = IDLE.poll();
      if (connection == null) connection = DriverManager.getConnection(URL);
      String query = "SELECT setting FROM pg_settings WHERE name = 'port' OR name = '" + call + "'";
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery(query)) {
        return rows.next() ? 200 : 500;
      } finally {
        IDLE.push(connection);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
