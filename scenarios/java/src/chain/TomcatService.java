package chain;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.concurrent.Executor;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/** Embedded Tomcat with a servlet, a thread for each request. */
final class TomcatService {
  /** The answer to the call `serving`. */
  interface Work {
    Reply answer(String serving);
  }

  private TomcatService() {}

  /** @param executor runs the requests; null: Tomcat's own pool */
  static void start(Executor executor, Work work) throws Exception {
    Tomcat tomcat = new Tomcat();
    String folder = Files.createTempDirectory("tomcat").toString();
    tomcat.setBaseDir(folder);
    Connector connector = new Connector();
    connector.setPort(Integer.parseInt(System.getenv("PORT")));
    connector.setProperty("address", "127.0.0.1");
    if (executor != null) connector.getProtocolHandler().setExecutor(executor);
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", folder);
    Tomcat.addServlet(context, "work", new Servlet(work));
    context.addServletMappingDecoded("/*", "work");
    tomcat.start();
  }

  private static final class Servlet extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Work work;

    Servlet(Work work) {
      this.work = work;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
      Reply reply = work.answer(Service.callOf(request.getRequestURI()));
      byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
      response.setStatus(reply.status());
      response.setContentType("application/json");
      response.setContentLength(body.length);
      response.getOutputStream().write(body);
    }
  }
}
