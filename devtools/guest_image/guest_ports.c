// The ports of the Bluetooth guest. Each TCP connection to
//   5555 becomes a connection to the system bus, as the user in argv[1];
//   5556 becomes a Bluetooth adapter, which exists until the connection ends. Its bytes are H4
//        packets (Bluetooth Core Specification, volume 4, part A).
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUS_PORT = 5555, ADAPTER_PORT = 5556, BUFFER_BYTES = 65536 };
enum { H4_COMMAND = 1, H4_ACL = 2, H4_SCO = 3, H4_EVENT = 4, H4_ISO = 5, VHCI_CONTROL = 0xff };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) fail("listen");
  return listener;
}

static void write_all(int to, const unsigned char *data, size_t size) {
  while (size > 0) {
    ssize_t written = write(to, data, size);
    if (written <= 0) exit(0);
    data += written;
    size -= written;
  }
}

static void read_all(int from, unsigned char *data, size_t size) {
  while (size > 0) {
    ssize_t got = read(from, data, size);
    if (got <= 0) exit(0);
    data += got;
    size -= got;
  }
}

static void copy(int from, int to) {
  static unsigned char buffer[BUFFER_BYTES];
  ssize_t got = read(from, buffer, sizeof buffer);
  if (got <= 0) exit(0);
  write_all(to, buffer, got);
}

static void serve_bus(int connection, uid_t user) {
  // The bus compares the user that the client claims to be with the owner of the connection.
  if (setgid(user) || setuid(user)) fail("setuid");
  int bus = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket"};
  if (connect(bus, (struct sockaddr *)&address, sizeof address)) fail("system bus");
  struct pollfd ends[2] = {{connection, POLLIN, 0}, {bus, POLLIN, 0}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents) copy(connection, bus);
    if (ends[1].revents) copy(bus, connection);
  }
}

// Reads one packet after its type byte, which is in packet[0]; returns its whole size.
static size_t read_packet(int connection, unsigned char *packet) {
  int type = packet[0];
  size_t header = type == H4_ACL || type == H4_ISO ? 4 : type == H4_EVENT ? 2 : 3;
  read_all(connection, packet + 1, header);
  size_t size = packet[header];
  if (type == H4_ACL) size = packet[3] | packet[4] << 8;
  if (type == H4_ISO) size = (packet[3] | packet[4] << 8) & 0x3fff;
  read_all(connection, packet + 1 + header, size);
  return 1 + header + size;
}

static void serve_adapter(int connection) {
  static unsigned char packet[BUFFER_BYTES + 8];
  const unsigned char create_primary[2] = {VHCI_CONTROL, 0};
  int adapter = open("/dev/vhci", O_RDWR);
  if (adapter < 0 || write(adapter, create_primary, 2) != 2) fail("/dev/vhci");
  struct pollfd ends[2] = {{connection, POLLIN, 0}, {adapter, POLLIN, 0}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[1].revents) {
      // One read is one packet; the answer to create_primary is not for the other end.
      ssize_t got = read(adapter, packet, sizeof packet);
      if (got <= 0) exit(0);
      if (packet[0] != VHCI_CONTROL) write_all(connection, packet, got);
    }
    if (ends[0].revents) {
      read_all(connection, packet, 1);
      // One write must be one packet.
      write_all(adapter, packet, read_packet(connection, packet));
    }
  }
}

int main(int count, char **words) {
  if (count != 2) return 2;
  signal(SIGCHLD, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  struct pollfd ports[2] = {{listen_on(BUS_PORT), POLLIN, 0}, {listen_on(ADAPTER_PORT), POLLIN, 0}};
  while (access("/run/dbus/system_bus_socket", F_OK)) usleep(10000);
  puts("guest: ports are open");
  fflush(stdout);
  for (;;) {
    if (poll(ports, 2, -1) <= 0) continue;
    for (int port = 0; port < 2; port++) {
      if (!ports[port].revents) continue;
      int connection = accept(ports[port].fd, 0, 0);
      int yes = 1;
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      if (fork() == 0) {
        close(ports[0].fd);
        close(ports[1].fd);
        if (port == 0) serve_bus(connection, atoi(words[1]));
        serve_adapter(connection);
      }
      close(connection);
    }
  }
}
