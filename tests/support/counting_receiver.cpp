#include "support/counting_receiver.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "support/failing_memory.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::test {
namespace {

constexpr std::string_view kAccepted =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nSet-Cookie: push-id=7\r\n"
    "Content-Length: 0\r\n\r\n";
constexpr std::size_t kPacketsBeforeTheLoss = 3;

}  // namespace

struct CountingReceiver::Peer {
  int socket;
  std::string received = {};

  bool receive() {
    std::array<char, 16384> buffer;
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    received.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
  std::string head() {
    std::size_t end;
    while ((end = received.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {};
    std::string text = received.substr(0, end + 4);
    received.erase(0, end + 4);
    return text;
  }
  /// Its close will be a RST.
  bool reset() const {
    const linger at_once{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return false;
  }
  void send(std::string_view text) const {
    static_cast<void>(::send(socket, text.data(), text.size(), MSG_NOSIGNAL));
  }
};

CountingReceiver::CountingReceiver(Manner manner)
    : manner_(std::move(manner)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, generic, &size) != 0)
    throw std::system_error(errno, std::system_category(), "the test cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

CountingReceiver::~CountingReceiver() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);  // ends the accept
  thread_.join();
  ::close(listener_);
}

CountingReceiver::Tally CountingReceiver::tally(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = tallies_.find(path);
  return found == tallies_.end() ? Tally{} : found->second;
}

void CountingReceiver::accept_all() {
  this_is_the_tests_thread();
  while (!stopping_) {
    Peer peer{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)};
    if (peer.socket < 0) return;
    serve(peer);
    ::close(peer.socket);
  }
}

void CountingReceiver::serve(Peer& peer) {
  while (true) {
    const std::string head = peer.head();
    if (head.empty()) return;
    const std::size_t slash = head.find('/');
    const std::string path = head.substr(slash, head.find(' ', slash) - slash);
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t at = head.find(kLength);
    const std::size_t length =
        at == std::string::npos ? 0 : std::stoul(head.substr(at + kLength.size()));
    if (head.find("x-wms-pushsetup") == std::string::npos) {
      if (!take_stream(peer, path, length)) return;
      peer.send(kAccepted);
    } else if (!manner_.challenge.empty() &&
               head.find("\r\nAuthorization: ") == std::string::npos) {
      peer.send("HTTP/1.1 401 Unauthorized\r\nServer: Cougar/9.6.7600.16564\r\nWWW-Authenticate: " +
                manner_.challenge + "\r\nContent-Length: 0\r\n\r\n");
    } else {
      peer.send(kAccepted);
    }
  }
}

/// False when the connection is over.
bool CountingReceiver::take_stream(Peer& peer, const std::string& path, std::size_t length) {
  wmhttp::FrameReader reader;
  wmhttp::Frame frame;
  std::size_t packets = 0;
  while (length > 0) {
    if (peer.received.empty() && !peer.receive()) return false;
    const std::string piece = peer.received.substr(0, length);
    peer.received.erase(0, piece.size());
    length -= piece.size();
    Bytes input = as_bytes(piece);
    const std::lock_guard lock(mutex_);
    Tally& tally = tallies_[path];
    while (true) {
      const auto status = reader.next(input, frame);
      if (status == wmhttp::FrameReader::Status::Breach) tally.breach = true;
      if (status != wmhttp::FrameReader::Status::Frame) break;
      if (frame.id == wmhttp::FrameId::Header || frame.id == wmhttp::FrameId::StreamChange)
        ++tally.headers;
      if (frame.id == wmhttp::FrameId::Data) {
        tally.packets.insert(std::string(as_text(frame.payload)));
        if (manner_.loses_once && ++packets == kPacketsBeforeTheLoss &&
            !std::exchange(tally.lost, true))
          return peer.reset();
      }
      if (frame.id == wmhttp::FrameId::End && frame.reason == wmhttp::kReasonEnd)
        tally.ended = true;
    }
    if (tally.ended || tally.breach) return false;
  }
  return true;
}

}  // namespace wmpush::test
