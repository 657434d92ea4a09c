// A hook that is a URL.
#include <openssl/tls1.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

#include "pubpoint/hook/hook_run.hpp"
#include "wmpush/version.h"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using What = HookAnswer::What;

HookAnswer answer_of(unsigned status) {
  if (status >= 200 && status < 300) return {What::Granted};
  return {status >= 400 && status < 500 ? What::Refused : What::Failed,
          "its URL answered with status " + std::to_string(status)};
}

class PostRun final : public HookRun, public std::enable_shared_from_this<PostRun> {
 public:
  PostRun(asio::io_context& context, asio::ssl::context& tls, const HookCall& call,
          const HookFacts& facts, std::shared_ptr<void> slot, Done done)
      : slot_(std::move(slot)),
        done_(std::move(done)),
        server_(call.server),
        resolver_(context),
        plain_(context),
        request_(http::verb::post, call.target, 11) {
    request_.set(http::field::host, server_.authority());
    request_.set(http::field::user_agent, "wmpush/" WMPUSH_VERSION);
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::connection, "close");
    request_.body() = facts.json();
    request_.prepare_payload();
    if (server_.tls) secure_.emplace(plain_, tls);
  }

  void start() {
    resolver_.async_resolve(
        server_.host, std::to_string(server_.port),
        [self = shared_from_this()](const error_code& error, const auto& places) {
          if (error) return self->fail("its host is not found", error);
          self->connect(places);
        });
  }

  void abandon() override {
    done_ = nullptr;
    resolver_.cancel();
    plain_.close();
  }

 private:
  void connect(const tcp::resolver::results_type& places) {
    if (!done_) return;
    plain_.async_connect(places, [self = shared_from_this()](const error_code& error, const auto&) {
      if (error) return self->fail("there is no connection to it", error);
      self->secure_ ? self->shake_hands() : self->send();
    });
  }

  void shake_hands() {
    SSL_set_tlsext_host_name(secure_->native_handle(), server_.host.c_str());
    secure_->set_verify_callback(asio::ssl::host_name_verification(server_.host));
    secure_->async_handshake(asio::ssl::stream_base::client,
                             [self = shared_from_this()](const error_code& error) {
                               if (error) return self->fail("there is no TLS with it", error);
                               self->send();
                             });
  }

  template <typename Act>
  void with_stream(Act act) {
    secure_ ? act(*secure_) : act(plain_);
  }

  void send() {
    with_stream([this](auto& stream) {
      http::async_write(stream, request_,
                        [self = shared_from_this()](const error_code& error, std::size_t) {
                          // Who has heard enough may have answered.
                          static_cast<void>(error);
                          self->receive();
                        });
    });
  }

  void receive() {
    if (!done_) return;
    with_stream([this](auto& stream) {
      http::async_read_header(stream, received_, response_,
                              [self = shared_from_this()](const error_code& error, std::size_t) {
                                if (error) return self->fail("it did not answer", error);
                                self->finish(answer_of(self->response_.get().result_int()));
                              });
    });
  }

  void fail(const char* what, const error_code& error) {
    finish({What::Failed, std::string(what) + ": " + error.message()});
  }

  void finish(HookAnswer answer) {
    plain_.close();
    if (done_) std::exchange(done_, nullptr)(std::move(answer));
  }

  const std::shared_ptr<void> slot_;
  Done done_;
  const wmhttp::Destination server_;
  tcp::resolver resolver_;
  beast::tcp_stream plain_;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> secure_;
  http::request<http::string_body> request_;
  beast::flat_buffer received_{16384};  // the longest head of an answer
  http::response_parser<http::empty_body> response_;
};

}  // namespace

std::shared_ptr<HookRun> HookRun::post(asio::io_context& context, asio::ssl::context& tls,
                                       const HookCall& call, const HookFacts& facts,
                                       std::shared_ptr<void> slot, Done done) {
  auto run = std::make_shared<PostRun>(context, tls, call, facts, std::move(slot), std::move(done));
  asio::post(context, [run] { run->start(); });
  return run;
}

}  // namespace wmpush::pubpoint
