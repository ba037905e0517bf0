import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/** Virtual threads and a platform's one send over TCP who they are: `KIND ID`. Says ready, begins at a line, says done. */
class VirtualThreads {
  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[0]);
    try (ServerSocket server = new ServerSocket(0, 256, InetAddress.getLoopbackAddress())) {
      System.out.println("ready");
      System.in.read();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < count; i++) threads.add(Thread.startVirtualThread(() -> talk(server, "virtual")));
      threads.add(new Thread(() -> talk(server, "platform")));
      threads.get(count).start();
      for (int i = 0; i <= count; i++) Thread.startVirtualThread(new Echo(server.accept()));
      for (Thread thread : threads) thread.join();
    }
    System.out.println("done");
  }

  /** Each line waits for the one before to come back: a virtual thread leaves its carrier meanwhile. */
  static void talk(ServerSocket server, String kind) {
    try (Socket socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
      byte[] line = (kind + " " + Thread.currentThread().threadId() + "\n").getBytes();
      for (int i = 0; i < 5; i++) {
        socket.getOutputStream().write(line);
        socket.getInputStream().readNBytes(line.length);
      }
    } catch (Exception e) {
      e.printStackTrace();
    }
  }

  record Echo(Socket socket) implements Runnable {
    @Override
    public void run() {
      try (socket) {
        socket.getInputStream().transferTo(socket.getOutputStream());
      } catch (Exception e) {
        e.printStackTrace();
      }
    }
  }
}
