// Many sessions that never block, in one thread. SPDX-License-Identifier: LGPL-2.1-or-later
//
//   sessions_bench SESSIONS SECONDS
//
// Each session pushes 500 kbit/s to a sink in a process of its own, on the same cores. Prints the
// CPU time of the thread as a part of a core and for each session, the delay from the write to the
// sink, the memory that a session takes, and what was lost.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/stamped_packet.hpp"
#include "wmhttp/frame.hpp"
#include "wmpush/push_session.hpp"

namespace wmpush::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kPacketSize = 3200;
constexpr std::chrono::microseconds kInterval{51'200};  // 500 kbit/s
constexpr std::size_t kBuckets = 1'000'000;             // of a microsecond each

/// What both processes see.
struct Shared {
  std::atomic<std::uint64_t> packets;
  std::atomic<std::uint64_t> ends;
  std::atomic<std::uint32_t> late[kBuckets];

  void add(std::int64_t delay_ns) {
    const auto us = static_cast<std::size_t>(std::max<std::int64_t>(delay_ns / 1000, 0));
    late[std::min(us, kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
    packets.fetch_add(1, std::memory_order_relaxed);
  }
  double quantile(double part) const {
    const auto total = static_cast<double>(packets.load());
    double seen = 0;
    for (std::size_t us = 0; us < kBuckets; ++us)
      if ((seen += late[us].load()) >= total * part) return static_cast<double>(us) / 1000;
    return 0;
  }
};

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "sessions_bench: %s\n", what.c_str());
  std::exit(1);
}

// ---------------------------------------------------------------------------------------------
// The sink

/// As much of a publishing point as a push insists on.
class Receiver {
 public:
  Receiver(int socket, Shared& shared, std::size_t stamp_at)
      : socket_(socket), shared_(shared), stamp_at_(stamp_at) {}
  ~Receiver() { ::close(socket_); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// False: the connection is over.
  bool receive() {
    std::array<std::byte, 65536> buffer;
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0) return true;
    if (count == 0) return false;
    Bytes rest = Bytes(buffer).first(static_cast<std::size_t>(count));
    while (!in_body_ && !rest.empty()) take_head(rest);
    wmhttp::Frame frame;
    while (reader_.next(rest, frame) == wmhttp::FrameReader::Status::Frame) {
      if (frame.id == wmhttp::FrameId::End) {
        ++shared_.ends;
        return false;
      }
      if (frame.id != wmhttp::FrameId::Data) continue;
      std::int64_t sent = 0;
      std::memcpy(&sent, frame.payload.data() + stamp_at_, sizeof sent);
      shared_.add(now_ns() - sent);
    }
    return true;
  }

 private:
  void take_head(Bytes& rest) {
    head_ += static_cast<char>(rest.front());
    rest = rest.subspan(1);
    if (!head_.ends_with("\r\n\r\n")) return;
    in_body_ = head_.find("x-wms-pushstart") != std::string::npos;
    head_.clear();
    if (in_body_) return;
    constexpr std::string_view kAccepted =
        "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6\r\nSet-Cookie: push-id=1\r\n"
        "Content-Length: 0\r\n\r\n";
    static_cast<void>(!::send(socket_, kAccepted.data(), kAccepted.size(), MSG_NOSIGNAL));
  }

  const int socket_;
  Shared& shared_;
  const std::size_t stamp_at_;
  std::string head_;
  bool in_body_ = false;
  wmhttp::FrameReader reader_;
};

[[noreturn]] void run_sink(int listener, Shared& shared, std::size_t stamp_at) {
  const int poll = ::epoll_create1(0);
  std::map<int, std::unique_ptr<Receiver>> receivers;
  epoll_event event{EPOLLIN, {.fd = listener}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 256> events;
  while (true) {
    const int count = ::epoll_wait(poll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int ready = events[static_cast<std::size_t>(i)].data.fd;
      if (ready == listener) {
        const int socket = ::accept(listener, nullptr, nullptr);
        if (socket < 0) continue;
        receivers[socket] = std::make_unique<Receiver>(socket, shared, stamp_at);
        event.data.fd = socket;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
      } else if (!receivers.at(ready)->receive()) {
        receivers.erase(ready);
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------
// The sessions

/// An event loop as a program has one: sessions by what they wait for, and when each is to write.
class Loop {
 public:
  Loop(std::size_t count, const std::string& url) : poll_(::epoll_create1(0)) {
    packets_.reserve(64);
    for (std::uint32_t i = 0; i < 64; ++i) packets_.emplace_back(i, kPacketSize, 51, i % 32 == 0);
    for (std::size_t i = 0; i < count; ++i) {
      all_.push_back(std::make_unique<One>());
      One& one = *all_.back();
      one.index = i;
      if (failed(one.session.start(url))) give_up(one.session.last_error().message);
      register_wants(one);
      run_until([&] { return one.session.stats().state == WMPUSH_STATE_READY; });
      if (failed(one.session.on_header(test::video_header(kPacketSize))))
        give_up(one.session.last_error().message);
    }
  }

  void push(std::chrono::seconds time) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < all_.size(); ++i)
      due_.push({start + kInterval * static_cast<long>(i) / static_cast<long>(all_.size()), i});
    run_until([&] { return Clock::now() >= start + time; });
    due_ = {};
  }

  void end() {
    for (const auto& one : all_) {
      if (failed(one->session.end_start())) give_up(one->session.last_error().message);
      register_wants(*one);
    }
    run_until([&] {
      return std::ranges::all_of(
          all_, [](const auto& one) { return one->session.stats().state == WMPUSH_STATE_ENDED; });
    });
  }

  std::uint64_t written() const { return written_; }

 private:
  struct One {
    PushSession session;
    std::size_t index = 0;
    std::uint32_t next = 0;
    int descriptor = -1;
    short events = 0;
  };

  /// Tells epoll what the session waits for, where that has changed.
  void register_wants(One& one) {
    const PushSession::Wants wants = one.session.wants();
    if (wants.deadline != Clock::time_point::max()) deadlines_.push({wants.deadline, one.index});
    if (wants.descriptor == one.descriptor && wants.events == one.events) return;
    epoll_event event{static_cast<std::uint32_t>(wants.events), {.u64 = one.index}};
    if (one.descriptor >= 0 && one.descriptor != wants.descriptor)
      ::epoll_ctl(poll_, EPOLL_CTL_DEL, one.descriptor, nullptr);  // it may be closed already
    if (wants.descriptor >= 0) {
      const int how = wants.descriptor == one.descriptor ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
      ::epoll_ctl(poll_, how, wants.descriptor, &event);
    }
    one.descriptor = wants.descriptor;
    one.events = wants.events;
  }

  void perform(One& one) {
    const Result result = one.session.perform();
    if (failed(result) && result != Result::E_PENDING) give_up(one.session.last_error().message);
    register_wants(one);
  }

  void write(One& one) {
    StampedPacket& packet = packets_[one.next++ % packets_.size()];
    packet.stamp();
    const Result result = one.session.on_data_unit(packet.bytes);
    if (result != Result::S_OK)
      give_up("a packet was not taken: " + std::string(name(result)) + ", " +
              one.session.last_error().message);
    ++written_;
    register_wants(one);
  }

  template <typename Done>
  void run_until(Done done) {
    std::array<epoll_event, 256> events;
    while (!done()) {
      auto until = Clock::now() + std::chrono::milliseconds(50);
      if (!due_.empty()) until = std::min(until, due_.top().first);
      if (!deadlines_.empty()) until = std::min(until, deadlines_.top().first);
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
      const int count = ::epoll_wait(poll_, events.data(), events.size(),
                                     static_cast<int>(std::max<std::int64_t>(left, 0)));
      for (int i = 0; i < count; ++i) perform(*all_[events[static_cast<std::size_t>(i)].data.u64]);
      const auto now = Clock::now();
      while (!deadlines_.empty() && deadlines_.top().first <= now) {
        const std::size_t index = deadlines_.top().second;
        deadlines_.pop();
        perform(*all_[index]);
      }
      while (!due_.empty() && due_.top().first <= now) {
        const auto [time, index] = due_.top();
        due_.pop();
        write(*all_[index]);
        due_.push({time + kInterval, index});
      }
    }
  }

  using Due = std::pair<Clock::time_point, std::size_t>;
  using Queue = std::priority_queue<Due, std::vector<Due>, std::greater<>>;
  const int poll_;
  std::vector<StampedPacket> packets_;
  std::vector<std::unique_ptr<One>> all_;
  Queue due_;
  Queue deadlines_;
  std::uint64_t written_ = 0;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6));
  return 0;
}

int listen_on_loopback(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 1024) != 0 ||
      ::getsockname(listener, generic, &size) != 0)
    give_up("cannot listen on loopback");
  port = ntohs(address.sin_port);
  return listener;
}

void run(std::size_t count, std::chrono::seconds time) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  auto* const shared = static_cast<Shared*>(
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::uint16_t port = 0;
  const int listener = listen_on_loopback(port);
  const std::size_t stamp_at = StampedPacket(0, kPacketSize, 51, true).stamp_at;
  const pid_t sink = ::fork();
  if (sink == 0) run_sink(listener, *shared, stamp_at);
  ::close(listener);

  const double memory_before = resident_kib();
  Loop loop(count, "wmpush://127.0.0.1:" + std::to_string(port) + "/live");
  const double cpu_before = cpu_seconds();
  loop.push(time);
  const double cpu = cpu_seconds() - cpu_before;
  const double memory = resident_kib() - memory_before;
  loop.end();
  ::kill(sink, SIGKILL);
  ::waitpid(sink, nullptr, 0);

  const auto seconds = static_cast<double>(time.count());
  std::printf(
      "sessions %zu, %.0f s: %.3f of a core, %.1f us of CPU time for each session and second\n",
      count, seconds, cpu / seconds, cpu / seconds / static_cast<double>(count) * 1e6);
  std::printf("delay from the write to the sink: p50 %.3f ms, p99 %.3f ms, worst %.3f ms\n",
              shared->quantile(0.5), shared->quantile(0.99), shared->quantile(1));
  std::printf("memory for each session: %.1f KiB\n", memory / static_cast<double>(count));
  std::printf("packets written %llu, received %llu, ends %llu\n",
              static_cast<unsigned long long>(loop.written()),
              static_cast<unsigned long long>(shared->packets.load()),
              static_cast<unsigned long long>(shared->ends.load()));
}

}  // namespace
}  // namespace wmpush::bench

int main(int argc, char** argv) {
  if (argc != 3) wmpush::bench::give_up("usage: sessions_bench SESSIONS SECONDS");
  wmpush::bench::run(std::stoul(argv[1]), std::chrono::seconds(std::stol(argv[2])));
  return 0;
}
