#include "pubpoint/http/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

}  // namespace

Listener::Listener(asio::io_context& context, const Place& place)
    : context_(context), acceptor_(context), tls_(place.tls) {
  if (place.descriptor >= 0)
    take_over(place.descriptor);
  else
    listen(place);
}

void Listener::fail(int error, const std::string& where) const {
  throw ListenError(error, "cannot listen on " + where, tls_);
}

void Listener::listen(const Place& place) {
  const std::string where = place.address + " port " + std::to_string(place.port);
  const auto check = [&](const Error& error) {
    if (error) fail(error.value(), where);
  };
  Error error;
  const auto address = asio::ip::make_address(place.address, error);
  check(error);
  const tcp::endpoint wanted(address, place.port);
  const int descriptor =
      ::socket(wanted.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (descriptor < 0) check({errno, boost::system::system_category()});
  acceptor_.assign(wanted.protocol(), descriptor, error);
  if (error) ::close(descriptor);
  check(error);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  check(error);
  if (place.receive_buffer > 0) {
    acceptor_.set_option(asio::socket_base::receive_buffer_size(place.receive_buffer), error);
    check(error);
  }
  acceptor_.bind(wanted, error);
  check(error);
  acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  check(error);
  endpoint_ = acceptor_.local_endpoint(error);
  check(error);
}

void Listener::take_over(int descriptor) {
  const auto check = [&](bool good, int error) {
    if (!good) fail(error, "the socket that was handed over");
  };
  int listens = 0;
  socklen_t size = sizeof listens;
  check(::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, errno);
  check(listens != 0, EINVAL);
  sockaddr_storage name{};
  size = sizeof name;
  check(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size) == 0, errno);
  check(name.ss_family == AF_INET || name.ss_family == AF_INET6, EAFNOSUPPORT);
  check(::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, errno);
  const int flags = ::fcntl(descriptor, F_GETFL);
  check(flags >= 0 && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0, errno);
  Error error;
  acceptor_.assign(name.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
  check(!error, error.value());
  endpoint_ = acceptor_.local_endpoint(error);
  check(!error, error.value());
}

void Listener::take_waiting(tcp::socket& socket, Error& error) {
  const int descriptor =
      ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor < 0) {
    error = {errno, boost::system::system_category()};
    return;
  }
  socket.assign(endpoint_.protocol(), descriptor, error);
  if (error) ::close(descriptor);
}

void Listener::accept(std::function<void(tcp::socket)> take,
                      std::function<void(const Error&)> failed) {
  acceptor_.async_wait(
      tcp::acceptor::wait_read,
      [this, take = std::move(take), failed = std::move(failed)](const Error& failure) mutable {
        if (!acceptor_.is_open()) return;
        Error error = failure;
        tcp::socket socket(context_);
        if (!error) take_waiting(socket, error);
        const bool gone_again = error == asio::error::would_block ||
                                error == asio::error::connection_aborted ||
                                error == asio::error::interrupted;
        if (error && !gone_again) return failed(error);
        if (!error) take(std::move(socket));
        accept(std::move(take), std::move(failed));
      });
}

void Listener::close() {
  Error ignored;
  acceptor_.close(ignored);
}

}  // namespace wmpush::pubpoint
