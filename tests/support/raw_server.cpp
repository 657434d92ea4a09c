#include "support/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/bytes.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::test {

RawServer::Connection::Connection(int socket, std::size_t number, const tls::Context* tls)
    : socket_(socket), number_(number) {
  if (tls == nullptr) return;
  tls_ = tls::Stream::server(*tls, socket);
  int error = EAGAIN;
  while ((error = tls_->handshake()) == EAGAIN) await(POLLIN);
  established_ = error == 0;
}

void RawServer::Connection::await(short events) const {
  pollfd entry{socket_, events, 0};
  ::poll(&entry, 1, -1);
}

void RawServer::Connection::close_notify() const {
  if (tls_) tls_->close();
}

RawServer::Connection::~Connection() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawServer::Connection::receive(std::size_t most) {
  std::array<char, kAtOnce> buffer;
  const std::size_t size = std::min(most, buffer.size());
  if (tls_) {
    tls::Transfer came;
    while ((came = tls_->receive(std::as_writable_bytes(std::span(buffer).first(size)))).error ==
           EAGAIN)
      await(POLLIN);
    received_.append(buffer.data(), came.count);
    return came.count > 0;
  }
  const ssize_t count = socket_ < 0 ? 0 : ::recv(socket_, buffer.data(), size, 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawServer::Connection::read_head() {
  // Not much of what comes behind it: who reads nothing more has left that unread.
  constexpr std::size_t kHead = 1024;
  std::size_t end;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!receive(kHead)) return {};
  std::string head = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  return head;
}

std::string RawServer::Connection::read_some(std::size_t most) {
  if (received_.empty()) receive(most);
  if (received_.size() <= most) return std::exchange(received_, {});
  std::string some = received_.substr(0, most);
  received_.erase(0, most);
  return some;
}

bool RawServer::Connection::something_within(std::chrono::milliseconds time) const {
  pollfd entry{socket_, POLLIN, 0};
  return !received_.empty() || (tls_ && tls_->has_received()) ||
         ::poll(&entry, 1, static_cast<int>(time.count())) > 0;
}

std::string RawServer::Connection::read_stream() {
  std::string stream;
  wmhttp::FrameReader reader;
  wmhttp::Frame frame;
  while (true) {
    const std::string piece = read_some();
    if (piece.empty()) return stream;
    stream += piece;
    Bytes input = as_bytes(piece);
    while (reader.next(input, frame) == wmhttp::FrameReader::Status::Frame)
      if (frame.id == wmhttp::FrameId::End && frame.reason != wmhttp::kReasonNextEntry)
        return stream;
  }
}

bool RawServer::Connection::send(std::string_view text) const {
  while (tls_ && !text.empty()) {
    const std::array parts{as_bytes(text)};
    const tls::Transfer sent = tls_->send(parts);
    if (sent.error == EAGAIN) await(POLLOUT);
    if (sent.error != 0 && sent.error != EAGAIN) return false;
    text.remove_prefix(sent.count);
  }
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawServer::Connection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

void RawServer::Connection::break_off() const { ::shutdown(socket_, SHUT_RDWR); }

RawServer::RawServer(Script script, std::uint16_t port, std::shared_ptr<const tls::Context> tls)
    : script_(std::move(script)),
      tls_(std::move(tls)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, generic, &size) != 0)
    throw std::system_error(errno, std::system_category(), "the test cannot listen");
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);  // ends the accept
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Connection* connection : open_) connection->break_off();
  }
  for (std::thread& thread : running_) thread.join();
  ::close(listener_);
}

void RawServer::accept_all() {
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;  // what is sent in pieces is to leave in pieces
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::size_t number = running_.size() + 1;
    running_.emplace_back([this, socket, number] {
      Connection connection(socket, number, tls_.get());
      {
        const std::lock_guard lock(mutex_);
        open_.push_back(&connection);
      }
      if (!stopping_) script_(connection);
      const std::lock_guard lock(mutex_);
      std::erase(open_, &connection);
    });
  }
}

std::string RawServer::url(const std::string& target, const std::string& credentials) const {
  return (tls_ ? "wmpushs://" : "wmpush://") + credentials + "127.0.0.1:" + std::to_string(port_) +
         target;
}

}  // namespace wmpush::test
