// Many viewers of one push: what they cost the publishing point, and what Icecast takes for the
// same. SPDX-License-Identifier: LGPL-2.1-or-later
//
//   viewers_bench WMPUSH VIEWERS SECONDS [plain|framed|half] [stalled] [slow]     our server
//       half: every other one by MS-WMSP; stalled: one more that reads nothing; slow: 50 more that
//       read at half the rate
//   viewers_bench icecast VIEWERS SECONDS                                         icecast2
//
// Prints delay, bytes, CPU time of the server for each GB that was delivered, and its memory. The
// clients run in this process, on the same cores.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/stamped_packet.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using bench::now_ns;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint32_t kPacketSize = 3200;
constexpr std::uint32_t kPacketTime = 26;  // ms: about 1 Mbit/s
constexpr int kKeyFrameDistance = 77;      // packets: 2 s
constexpr int kSlowViewers = 50;
constexpr double kSlowRate = kPacketSize * 1000.0 / kPacketTime / 2;  // bytes/s

int connect_to(std::uint16_t port, int receive_buffer = 0) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0)
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  return descriptor;
}

/// One viewer: finds the stamps in what it gets.
struct Watcher {
  int descriptor = -1;
  bool framed = false;
  std::int64_t since = 0;
  std::uint64_t bytes = 0;
  static constexpr std::size_t kObjectHead = 24;
  bool in_head = true;    // of the response
  bool in_header = true;  // of the stream
  std::string head;       // of the response, or of the packet
  std::size_t skip = 0;   // bytes that say nothing
  bool closed = false;

  /// Bytes in front of the stamp, from the start of a packet with its frame.
  void take(const char* data, std::size_t size, std::size_t stamp_at, std::vector<float>& delays) {
    bytes += size;
    const std::size_t front = framed ? 12 : 0;
    while (size > 0) {
      if (skip > 0) {
        const std::size_t part = std::min(skip, size);
        data += part;
        size -= part;
        skip -= part;
        continue;
      }
      if (in_head) {
        head += *data++;
        --size;
        if (!head.ends_with("\r\n\r\n")) continue;
        in_head = false;
        in_header = true;
        head.clear();
        continue;
      }
      const std::size_t wanted = front + (in_header ? kObjectHead : stamp_at + 8);
      const std::size_t part = std::min(wanted - head.size(), size);
      head.append(data, part);
      data += part;
      size -= part;
      if (head.size() < wanted) return;
      if (in_header) {
        in_header = false;
        std::uint64_t header_size = 0;
        std::memcpy(&header_size, head.data() + front + 16, sizeof header_size);
        skip = static_cast<std::size_t>(header_size) + 50 - kObjectHead;
        head.clear();
        continue;
      }
      std::int64_t stamp = 0;
      std::memcpy(&stamp, head.data() + front + stamp_at, sizeof stamp);
      if (stamp > since) delays.push_back(static_cast<float>(now_ns() - stamp) / 1e6f);
      skip = kPacketSize - stamp_at - 8;
      head.clear();
    }
  }
};

struct Usage {
  double cpu = 0;   // s
  long memory = 0;  // KiB
};

Usage usage_of(pid_t id) {
  Usage usage;
  std::ifstream stat("/proc/" + std::to_string(id) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  std::vector<std::string> all;
  while (fields >> field) all.push_back(field);
  usage.cpu =
      (std::stod(all.at(11)) + std::stod(all.at(12))) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) usage.memory = std::stol(line.substr(6));
  return usage;
}

/// Pushes in real time until `stop`.
void push(std::uint16_t port, bool icecast, const std::atomic<bool>& stop) {
  PushSink sink;
  int descriptor = -1;
  const std::vector<std::byte> asf_header = video_header(kPacketSize);
  if (icecast) {
    descriptor = connect_to(port);
    const std::string head =
        "PUT /live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic c291cmNlOmJlbmNo\r\n"
        "Content-Type: video/x-ms-asf\r\nExpect: 100-continue\r\n\r\n";
    if (::send(descriptor, head.data(), head.size(), 0) < 0) std::exit(1);
    char answer[1024];
    if (::recv(descriptor, answer, sizeof answer, 0) <= 0) std::exit(1);
  } else if (failed(sink.Connect("wmpush://127.0.0.1:" + std::to_string(port) + "/live"))) {
    std::fprintf(stderr, "%s\n", sink.last_error().message.c_str());
    std::exit(1);
  }
  const auto send = [&](Bytes bytes) {
    if (!icecast) return static_cast<void>(sink.write(bytes));
    if (::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) std::perror("send");
  };
  send(asf_header);
  auto at = SteadyClock::now();
  for (std::uint32_t number = 0; !stop; ++number) {
    bench::StampedPacket packet(number, kPacketSize, kPacketTime, number % kKeyFrameDistance == 0);
    at += std::chrono::milliseconds(kPacketTime);
    std::this_thread::sleep_until(at);
    packet.stamp();
    send(packet.bytes);
  }
  if (descriptor >= 0) ::close(descriptor);
}

int run(const std::vector<std::string>& arguments) {
  const bool icecast = arguments.at(0) == "icecast";
  const std::size_t count = std::stoul(arguments.at(1));
  const int seconds = std::stoi(arguments.at(2));
  const auto has = [&](const char* word) {
    return std::find(arguments.begin() + 3, arguments.end(), word) != arguments.end();
  };
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  const TemporaryDirectory directory;
  std::unique_ptr<ChildProcess> server;
  std::uint16_t port = 0;
  if (icecast) {
    port = 18999;
    const std::string path = directory.path() / "icecast.xml";
    std::ofstream(path)
        << "<icecast><limits><clients>5000</clients><sources>2</sources>"
           "<queue-size>4194304</queue-size><burst-size>400000</burst-size></limits>"
           "<authentication><source-password>bench</source-password>"
           "<admin-user>a</admin-user><admin-password>b</admin-password></authentication>"
           "<hostname>localhost</hostname><listen-socket><port>18999</port>"
           "<bind-address>127.0.0.1</bind-address></listen-socket><paths><logdir>"
        << directory.path().string() << "</logdir><webroot>/usr/share/icecast2/web</webroot>"
        << "<adminroot>/usr/share/icecast2/admin</adminroot></paths><security><chroot>0</chroot>"
           "<changeowner><user>nobody</user><group>nogroup</group></changeowner></security>"
           "</icecast>";
    ::chmod(directory.path().c_str(), 0777);
    server = std::make_unique<ChildProcess>(std::vector<std::string>{"icecast2", "-c", path});
    std::this_thread::sleep_for(std::chrono::seconds(1));
  } else {
    server = std::make_unique<ChildProcess>(
        std::vector<std::string>{arguments[0], "serve", "--listen", "127.0.0.1:0"});
    if (!server->wait_for_output("/live\n")) return 1;
    const std::string url = server->output();
    port = static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
  }

  std::atomic<bool> stop{false};
  std::thread pusher([&] { push(port, icecast, stop); });
  std::this_thread::sleep_for(std::chrono::seconds(5));
  const Usage empty = usage_of(server->id());

  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  const std::size_t stamp_at = bench::StampedPacket(0, kPacketSize, kPacketTime, true).stamp_at;
  std::vector<std::unique_ptr<Watcher>> watchers;
  const auto join = [&](bool framed, bool reads) {
    auto watcher = std::make_unique<Watcher>();
    watcher->framed = framed;
    watcher->descriptor = connect_to(port, reads ? 0 : 4096);
    const std::string request =
        std::string("GET /live HTTP/1.0\r\nHost: localhost\r\nUser-Agent: ") +
        (framed ? "NSPlayer/4.1.0.3856\r\nPragma: xPlayStrm=1" : "bench") + "\r\n\r\n";
    if (::send(watcher->descriptor, request.data(), request.size(), 0) < 0) std::exit(1);
    watcher->since = now_ns();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = watcher.get();
    if (reads) ::epoll_ctl(poller, EPOLL_CTL_ADD, watcher->descriptor, &event);
    watchers.push_back(std::move(watcher));
  };
  for (std::size_t i = 0; i < count; ++i)
    join(!icecast && (has("framed") || (has("half") && i % 2 == 0)), true);
  if (has("stalled")) join(false, false);
  const std::size_t first_slow = watchers.size();
  for (int i = 0; has("slow") && i < kSlowViewers; ++i) join(i % 2 == 0, false);

  std::vector<float> delays;
  delays.reserve(count * static_cast<std::size_t>(seconds) * 40);
  std::vector<char> buffer(262144);
  std::uint64_t received = 0;
  Usage begin{};
  std::uint64_t bytes_before = 0;
  const auto start = SteadyClock::now();
  const auto settled = start + std::chrono::seconds(5);
  const auto end = settled + std::chrono::seconds(seconds);
  bool measuring = false;
  std::size_t dropped = 0;
  std::size_t slow_dropped = 0;
  std::uint64_t slow_received = 0;
  // What the slow ones may have read by now, now and then.
  auto read_at = start;
  const auto read_slowly = [&] {
    if (SteadyClock::now() < read_at) return;
    read_at += std::chrono::milliseconds(50);
    const double seconds_past = std::chrono::duration<double>(SteadyClock::now() - start).count();
    for (std::size_t i = first_slow; i < watchers.size(); ++i) {
      Watcher& watcher = *watchers[i];
      const auto allowed = static_cast<std::uint64_t>(kSlowRate * seconds_past);
      if (watcher.closed || watcher.bytes >= allowed) continue;
      const std::size_t most = std::min<std::size_t>(allowed - watcher.bytes, buffer.size());
      const ssize_t size = ::recv(watcher.descriptor, buffer.data(), most, MSG_DONTWAIT);
      if (size == 0 || (size < 0 && errno != EAGAIN)) {
        watcher.closed = true;
        ++slow_dropped;
      }
      if (size <= 0) continue;
      watcher.bytes += static_cast<std::uint64_t>(size);
      slow_received += static_cast<std::uint64_t>(size);
    }
  };
  while (SteadyClock::now() < end) {
    read_slowly();
    if (!measuring && SteadyClock::now() >= settled) {
      measuring = true;
      begin = usage_of(server->id());
      bytes_before = received;
      delays.clear();
      const std::int64_t from = now_ns();
      for (const auto& watcher : watchers) watcher->since = from;
    }
    epoll_event events[256];
    const int ready = ::epoll_wait(poller, events, 256, 20);
    for (int i = 0; i < ready; ++i) {
      auto& watcher = *static_cast<Watcher*>(events[i].data.ptr);
      const ssize_t size = ::recv(watcher.descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size <= 0) {
        if (size < 0 && errno == EAGAIN) continue;
        ++dropped;
        ::epoll_ctl(poller, EPOLL_CTL_DEL, watcher.descriptor, nullptr);
        continue;
      }
      received += static_cast<std::uint64_t>(size);
      watcher.take(buffer.data(), static_cast<std::size_t>(size), stamp_at, delays);
    }
  }
  const Usage after = usage_of(server->id());
  stop = true;
  pusher.join();
  std::sort(delays.begin(), delays.end());
  const auto percentile = [&](double share) {
    return delays.empty()
               ? 0.0f
               : delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
  };
  const double gigabytes = static_cast<double>(received - bytes_before) / 1e9;
  std::printf(
      "%s: %zu viewers, %zu dropped, %.2f GB in %d s, CPU %.2f s = %.2f s/GB, memory %ld KiB "
      "(%.1f KiB a viewer)",
      icecast ? "icecast" : "wmpush", count, dropped, gigabytes, seconds, after.cpu - begin.cpu,
      (after.cpu - begin.cpu) / gigabytes, after.memory,
      static_cast<double>(after.memory - empty.memory) / static_cast<double>(count));
  if (!icecast)
    std::printf(", delay p50 %.1f p99 %.1f max %.1f ms (%zu packets)", percentile(0.5),
                percentile(0.99), percentile(1), delays.size());
  if (has("slow"))
    std::printf("; %d slow ones: %zu dropped, %.1f MB read", kSlowViewers, slow_dropped,
                static_cast<double>(slow_received) / 1e6);
  std::printf("\n");
  for (const auto& watcher : watchers) ::close(watcher->descriptor);
  return 0;
}

}  // namespace
}  // namespace wmpush::test

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr,
                 "usage: viewers_bench WMPUSH|icecast VIEWERS SECONDS [plain|framed|half] "
                 "[stalled] [slow]\n");
    return 2;
  }
  return wmpush::test::run({argv + 1, argv + argc});
}
