#include "pubpoint/client/client_stream.hpp"

#include <openssl/tls1.h>

#include <boost/asio/ssl/host_name_verification.hpp>
#include <utility>

namespace wmpush::pubpoint {

using boost::system::error_code;

ClientStream::ClientStream(ClientThread& thread, wmhttp::Destination server)
    : server_(std::move(server)), resolver_(thread.context()), plain_(thread.context()) {
  if (server_.tls) secure_.emplace(plain_, thread.tls());
}

void ClientStream::open(Opened opened) {
  if (closed_) return;
  opened_ = std::move(opened);
  resolver_.async_resolve(server_.host, std::to_string(server_.port),
                          [self = shared_from_this()](const error_code& error, const auto& places) {
                            if (error) return self->fail("its host is not found", error);
                            self->connect(places);
                          });
}

void ClientStream::connect(const boost::asio::ip::tcp::resolver::results_type& places) {
  if (closed_) return;
  plain_.async_connect(places, [self = shared_from_this()](const error_code& error, const auto&) {
    if (error) return self->fail("there is no connection to it", error);
    self->secure_ ? self->shake_hands() : self->finish({});
  });
}

void ClientStream::shake_hands() {
  error_code no_address;
  boost::asio::ip::make_address(server_.host, no_address);
  if (no_address)  // an address is no name (RFC 6066, 3)
    SSL_set_tlsext_host_name(secure_->native_handle(), server_.host.c_str());
  secure_->set_verify_callback(boost::asio::ssl::host_name_verification(server_.host));
  secure_->async_handshake(boost::asio::ssl::stream_base::client,
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
  resolver_.cancel();
  plain_.close();
}

}  // namespace wmpush::pubpoint
