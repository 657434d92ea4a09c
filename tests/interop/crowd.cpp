#include "interop/crowd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "support/soon.hpp"

namespace wmpush::test {
namespace {

constexpr int kLook = 20;  // ms

}  // namespace

struct Crowd::Viewer {
  bool framed = false;
  int socket = -1;
  bool connected = false;
  std::string head;                    // of the response, until it is whole
  bool streams = false;                // the head has come
  Clock::time_point asks_at;           // after a failure
  std::atomic<Clock::rep> latest = 0;  // when something of the stream came
};

Crowd::Crowd(std::size_t size, std::uint16_t port, const std::string& path)
    : port_(port), path_(path) {
  for (std::size_t i = 0; i < size; ++i) {
    viewers_.push_back(std::make_unique<Viewer>());
    viewers_.back()->framed = i % 2 == 0;
    ask(*viewers_.back());
  }
  thread_ = std::thread([this] { run(); });
}

Crowd::~Crowd() {
  stopping_ = true;
  thread_.join();
  for (const auto& viewer : viewers_)
    if (viewer->socket >= 0) ::close(viewer->socket);
}

void Crowd::ask(Viewer& viewer) const {
  if (viewer.socket >= 0) ::close(viewer.socket);
  viewer.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  viewer.connected = viewer.streams = false;
  viewer.head.clear();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(viewer.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void Crowd::run() {
  std::vector<pollfd> looked(viewers_.size());
  while (!stopping_) {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < viewers_.size(); ++i) {
      Viewer& viewer = *viewers_[i];
      if (viewer.socket < 0 && now >= viewer.asks_at) ask(viewer);
      looked[i] = {viewer.socket, static_cast<short>(viewer.connected ? POLLIN : POLLOUT), 0};
    }
    ::poll(looked.data(), looked.size(), kLook);
    for (std::size_t i = 0; i < viewers_.size(); ++i)
      if (looked[i].revents != 0) take(*viewers_[i]);
  }
}

void Crowd::take(Viewer& viewer) {
  if (!viewer.connected) {
    const std::string request =
        "GET " + path_ + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n" +
        (viewer.framed ? "User-Agent: NSPlayer/10.0.0.3646\r\nPragma: xPlayStrm=1\r\n"
                         "Pragma: xClientGUID={3300AD50-2C39-46c0-AE0A-70B64F321A80}\r\n"
                       : "User-Agent: crowd\r\n") +
        "\r\n";
    viewer.connected = ::send(viewer.socket, request.data(), request.size(), MSG_NOSIGNAL) ==
                       static_cast<ssize_t>(request.size());
    if (viewer.connected) return;
  }
  std::array<char, 65536> bytes;
  const ssize_t count = ::recv(viewer.socket, bytes.data(), bytes.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  const auto now = Clock::now();
  bool is_refused = false;
  if (count > 0 && !viewer.streams) {
    viewer.head.append(bytes.data(), static_cast<std::size_t>(count));
    viewer.streams = viewer.head.find("\r\n\r\n") != std::string::npos;
    if (!viewer.streams) return;
    is_refused =
        viewer.head.substr(0, 12) != "HTTP/1.1 200" && viewer.head.substr(0, 12) != "HTTP/1.0 200";
    refused_ += is_refused ? 1 : 0;
  }
  if (count > 0 && !is_refused) {
    const Clock::time_point before{Clock::duration(viewer.latest.load())};
    if (viewer.latest != 0) {
      const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(now - before).count();
      longest_gap_ = std::max<std::int64_t>(longest_gap_, gap);
    }
    viewer.latest = now.time_since_epoch().count();
    return;
  }
  ::close(viewer.socket);
  viewer.socket = -1;
  viewer.asks_at = now + std::chrono::milliseconds(is_refused ? 100 : 0);
  ++asked_again_;
}

bool Crowd::all_get_something(Clock::time_point since, std::chrono::milliseconds limit) const {
  const auto until = Clock::now() + limit;
  const auto all = [&] {
    return std::ranges::all_of(viewers_, [&](const auto& viewer) {
      return viewer->latest.load() > since.time_since_epoch().count();
    });
  };
  return soon([&] { return all() || Clock::now() > until; }) && all();
}

}  // namespace wmpush::test
