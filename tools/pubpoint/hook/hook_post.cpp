// A hook that is a URL.
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "pubpoint/client/client_stream.hpp"
#include "pubpoint/hook/hook_run.hpp"
#include "wmpush/version.h"

namespace wmpush::pubpoint {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using What = HookAnswer::What;

HookAnswer answer_of(unsigned status) {
  if (status >= 200 && status < 300) return {What::Granted};
  return {status >= 400 && status < 500 ? What::Refused : What::Failed,
          "its URL answered with status " + std::to_string(status)};
}

class PostRun final : public HookRun, public std::enable_shared_from_this<PostRun> {
 public:
  PostRun(ClientThread& thread, const HookCall& call, const HookFacts& facts,
          std::shared_ptr<void> slot, Done done)
      : slot_(std::move(slot)),
        done_(std::move(done)),
        stream_(std::make_shared<ClientStream>(thread, call.server)),
        request_(http::verb::post, call.target, 11) {
    request_.set(http::field::host, call.server.authority());
    request_.set(http::field::user_agent, "wmpush/" WMPUSH_VERSION);
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::connection, "close");
    request_.body() = facts.json();
    request_.prepare_payload();
  }

  void start() {
    stream_->open([self = shared_from_this()](const std::string& why) {
      why.empty() ? self->send() : self->finish({What::Failed, why});
    });
  }

  void abandon() override {
    done_ = nullptr;
    stream_->close();
  }

 private:
  void send() {
    stream_->with([this](auto& stream) {
      http::async_write(stream, request_,
                        [self = shared_from_this()](const error_code&, std::size_t) {
                          self->receive();  // who has heard enough may have answered
                        });
    });
  }

  void receive() {
    if (!done_) return;
    stream_->with([this](auto& stream) {
      http::async_read_header(
          stream, received_, response_,
          [self = shared_from_this()](const error_code& error, std::size_t) {
            self->finish(error ? HookAnswer{What::Failed, "it did not answer: " + error.message()}
                               : answer_of(self->response_.get().result_int()));
          });
    });
  }

  void finish(HookAnswer answer) {
    stream_->close();
    if (done_) std::exchange(done_, nullptr)(std::move(answer));
  }

  const std::shared_ptr<void> slot_;
  Done done_;
  const std::shared_ptr<ClientStream> stream_;
  http::request<http::string_body> request_;
  boost::beast::flat_buffer received_{16384};  // the longest head of an answer
  http::response_parser<http::empty_body> response_;
};

}  // namespace

std::shared_ptr<HookRun> HookRun::post(ClientThread& thread, const HookCall& call,
                                       const HookFacts& facts, std::shared_ptr<void> slot,
                                       Done done) {
  auto run = std::make_shared<PostRun>(thread, call, facts, std::move(slot), std::move(done));
  boost::asio::post(thread.context(), [run] { run->start(); });
  return run;
}

}  // namespace wmpush::pubpoint
