#include "pubpoint/client/client_stream.hpp"

#include <fcntl.h>
#include <openssl/tls1.h>

#include <boost/asio/ssl/host_name_verification.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wmpush::pubpoint {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

ClientStream::ClientStream(ClientThread& thread, wmhttp::Destination server)
    : server_(std::move(server)), looked_up_(thread.context()), plain_(thread.context()) {
  if (server_.tls) secure_.emplace(plain_, thread.tls());
}

void ClientStream::open(Opened opened) {
  if (closed_) return;
  opened_ = std::move(opened);
  if (Error error = lookup_.start(server_.host, server_.port)) return finish(error.message);
  if (lookup_.done()) return resolved();
  const int descriptor = ::fcntl(lookup_.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0)
    return fail("its host is not looked up", {errno, asio::error::get_system_category()});
  looked_up_.assign(descriptor);
  looked_up_.async_wait(looked_up_.wait_read, [self = shared_from_this()](const error_code& error) {
    if (!error) self->resolved();
  });
}

void ClientStream::resolved() {
  net::Addresses found;
  if (Error error = lookup_.take(found)) return finish(error.message);
  std::vector<tcp::endpoint> places;
  for (const net::Address& address : found) {
    tcp::endpoint& place = places.emplace_back();
    place.resize(address.size);
    std::memcpy(place.data(), address.get(), address.size);
  }
  connect(places);
}

void ClientStream::connect(const std::vector<tcp::endpoint>& places) {
  if (closed_) return;
  plain_.async_connect(places, [self = shared_from_this()](const error_code& error, const auto&) {
    if (error) return self->fail("there is no connection to it", error);
    self->secure_ ? self->shake_hands() : self->finish({});
  });
}

void ClientStream::shake_hands() {
  error_code no_address;
  asio::ip::make_address(server_.host, no_address);
  if (no_address)  // an address is no name (RFC 6066, 3)
    SSL_set_tlsext_host_name(secure_->native_handle(), server_.host.c_str());
  secure_->set_verify_callback(asio::ssl::host_name_verification(server_.host));
  secure_->async_handshake(asio::ssl::stream_base::client,
                           [self = shared_from_this()](const error_code& error) {
                             if (error) return self->fail("there is no TLS with it", error);
                             self->finish({});
                           });
}

void ClientStream::fail(const char* what, const error_code& error) {
  finish(std::string(what) + ": " + error.message());
}

void ClientStream::finish(const std::string& why) {
  if (!closed_ && opened_) std::exchange(opened_, nullptr)(why);
}

void ClientStream::close() {
  closed_ = true;
  opened_ = nullptr;
  error_code ignored;
  looked_up_.close(ignored);
  plain_.close();
}

}  // namespace wmpush::pubpoint
