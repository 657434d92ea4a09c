// Takes what the programs under comparison send, forgets it, and tells how fast it came. It speaks
// as little of each protocol as its client insists on, so that all four meet the same peer: raw
// TCP, HTTP POST and PUT (Icecast), and push distribution.
//
//     discard_sink
//
// Prints "port N", then for each connection that ends one line: its protocol, the bytes of its
// body, the seconds from the first to the last of them, and, where packets carry a stamp (see
// latency_stamp.hpp), their number and how late they were at p50, p99 and at worst, in us.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/latency_stamp.hpp"

namespace {

using wmpush::bench::LatencyStamp;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBufferSize = 1 << 20;
constexpr std::size_t kTailSize = 8;  // of the longest end

bool ends_chunked(std::string_view tail) { return tail.ends_with("0\r\n\r\n"); }
bool ends_push(std::string_view tail) {  // $E, whatever its Reason
  return tail.size() == kTailSize && tail.starts_with(std::string_view("\x24\x45\x04\x00", 4));
}
bool ends_by_close(std::string_view) { return false; }

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket), buffer_(kBufferSize) {}
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void serve() {
    if (!receive()) return;
    std::string_view protocol = "tcp";
    bool (*ended)(std::string_view) = ends_by_close;
    if (pending_.starts_with("POST ") || pending_.starts_with("PUT ")) {
      protocol = pending_.starts_with("PUT ") ? "icecast" : "http";
      std::string head = take_head();
      while (head.find("x-wms-pushsetup") != std::string::npos) {
        protocol = "wmpush";
        ended = ends_push;
        answer(
            "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n"
            "Pragma: no-cache, timeout=60000\r\nCache-Control: no-cache\r\n"
            "Set-Cookie: push-id=1\r\nConnection: Keep-Alive\r\n\r\n");
        head = take_head();
      }
      if (head.find("100-continue") != std::string::npos) answer("HTTP/1.1 100 Continue\r\n\r\n");
      if (head.find("chunked") != std::string::npos) ended = ends_chunked;
    }
    discard(ended);
    if (protocol == "http") answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    report(protocol);
  }

 private:
  /// Appends to pending_; false at the end of the connection.
  bool receive() {
    const ssize_t size = recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (size <= 0) return false;
    pending_.append(buffer_.data(), static_cast<std::size_t>(size));
    return true;
  }

  /// Request line and headers; the body of a PushSetup is empty here.
  std::string take_head() {
    std::size_t end;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {};
    std::string head = pending_.substr(0, end + 4);
    pending_.erase(0, end + 4);
    return head;
  }

  void answer(std::string_view text) {
    if (send(socket_, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::perror("send");
  }

  void discard(bool (*ended)(std::string_view)) {
    std::string tail;  // the last bytes: an end may come in two pieces
    std::string_view piece = pending_;
    for (;;) {
      if (!piece.empty()) {
        last_ = Clock::now();
        if (bytes_ == 0) first_ = last_;
        bytes_ += piece.size();
        stamp_.read(piece, last_, late_);
        tail.append(piece.substr(piece.size() - std::min(piece.size(), kTailSize)));
        tail.erase(0, tail.size() - std::min(tail.size(), kTailSize));
        if (ended(tail)) return;
      }
      const ssize_t size = recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (size <= 0) return;
      piece = {buffer_.data(), static_cast<std::size_t>(size)};
    }
  }

  void report(std::string_view protocol) {
    std::printf("%.*s bytes=%llu seconds=%.6f", static_cast<int>(protocol.size()), protocol.data(),
                static_cast<unsigned long long>(bytes_),
                std::chrono::duration<double>(last_ - first_).count());
    if (!late_.empty()) {
      std::sort(late_.begin(), late_.end());
      const auto quantile = [&](std::size_t percent) {
        return std::chrono::duration<double, std::micro>(
                   late_[std::min(late_.size() - 1, late_.size() * percent / 100)])
            .count();
      };
      std::printf(" packets=%zu p50=%.1f p99=%.1f worst=%.1f", late_.size(), quantile(50),
                  quantile(99), quantile(100));
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  int socket_;
  std::vector<char> buffer_;
  std::string pending_;
  std::uint64_t bytes_ = 0;
  Clock::time_point first_{};
  Clock::time_point last_{};
  LatencyStamp stamp_;
  std::vector<Clock::duration> late_;
};

}  // namespace

int main() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || bind(listener, any, size) != 0 || listen(listener, 16) != 0 ||
      getsockname(listener, any, &size) != 0) {
    std::perror("discard_sink: listen on 127.0.0.1");
    return 1;
  }
  std::printf("port %u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  for (;;) {
    const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) {
      std::perror("discard_sink: accept");
      return 1;
    }
    std::thread([accepted] { Connection(accepted).serve(); }).detach();
  }
}
