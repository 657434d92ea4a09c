#include "pubpoint/http/client_socket.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "core/host_port.hpp"
#include "core/would_block.hpp"

namespace wmpush::pubpoint {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMostParts = 64;
/// Of TLS, in one call: more would be too much work for one turn.
constexpr int kMostRecords = 64;

}  // namespace

ClientSocket::ClientSocket(tcp::socket socket, const tls::Context* context)
    : socket_(std::move(socket)) {
  prepare();
  if (context == nullptr) return;
  tls_ = tls::Stream::server(*context, socket_.native_handle());
  handshaking_ = true;
}

ClientSocket::ClientSocket(const Executor& executor, Released released)
    : socket_(executor), tls_(std::move(released.tls)) {
  error_code error;
  socket_.assign(released.protocol, released.descriptor, error);
  if (error) {
    tls_.reset();
    ::close(released.descriptor);
  } else {
    prepare();
  }
}

void ClientSocket::prepare() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

std::string ClientSocket::peer() const {
  error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  if (error) return "a client that has gone";
  return host_and_port(endpoint.address().to_string(), endpoint.port());
}

int ClientSocket::handshake() {
  const int error = tls_->handshake();
  if (error == 0) handshaking_ = false;
  return error;
}

std::string ClientSocket::reason(int error) const {
  return tls_ && !tls_->fault().empty() ? tls_->fault() : std::generic_category().message(error);
}

void ClientSocket::speak_in_clear() {
  tls_.reset();
  handshaking_ = false;
}

std::size_t ClientSocket::receive(MutableBytes buffer, int& error) {
  if (tls_) {
    // Of a record each, as long as there are more: what has come is to be taken at once, as it is
    // without TLS. Whatever ends that comes again.
    std::size_t count = 0;
    end_seen_ = false;
    error = 0;
    for (int records = 0; records < kMostRecords && count < buffer.size(); ++records) {
      const tls::Transfer came = tls_->receive(buffer.subspan(count));
      count += came.count;
      if (came.count > 0) continue;
      end_seen_ = came.closed && count > 0;
      if (count == 0) error = came.error;
      break;
    }
    return count;
  }
  const ssize_t count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  error = count >= 0 ? 0 : is_would_block(errno) ? EAGAIN : errno;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t ClientSocket::send(std::span<const Bytes> parts, int& error) {
  if (tls_) {
    const tls::Transfer taken = tls_->write(parts);
    error = taken.error;
    return taken.count;
  }
  std::array<iovec, kMostParts> pieces;
  const std::size_t used = std::min(parts.size(), kMostParts);
  for (std::size_t i = 0; i < used; ++i)
    pieces[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = used;
  const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  error = count >= 0 ? 0 : is_would_block(errno) ? EAGAIN : errno;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t ClientSocket::unconfirmed() {
  int bytes = 0;
  const bool known = ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 0;
  return known ? static_cast<std::size_t>(bytes) : 0;
}

int ClientSocket::shut_down() {
  if (tls_ && tls_->close() == EAGAIN) return EAGAIN;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  return 0;
}

void ClientSocket::close() {
  if (tls_) tls_->close();
  tls_.reset();
  handshaking_ = false;
  error_code ignored;
  socket_.close(ignored);
}

ClientSocket::Released ClientSocket::release() {
  Released released;
  error_code error;
  const auto endpoint = socket_.local_endpoint(error);
  if (error) return released;
  released.protocol = endpoint.protocol();
  released.descriptor = socket_.release(error);
  released.tls = std::move(tls_);
  return released;
}

}  // namespace wmpush::pubpoint
