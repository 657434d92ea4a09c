#include "pubpoint/origin/origin_pull.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <random>
#include <set>
#include <utility>

#include "asf/header.hpp"
#include "core/bytes.hpp"
#include "pubpoint/client/client_stream.hpp"
#include "pubpoint/origin/pulled_frames.hpp"

namespace wmpush::pubpoint {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kConnect{10};
/// For an answer: a server may wait for a push to begin.
constexpr std::chrono::seconds kAnswer{30};
/// Without a byte of the stream: as long as a server keeps viewers whose push was lost.
constexpr std::chrono::seconds kSilence{90};
constexpr std::size_t kPiece = 65536;

class Pull final : public OriginPull, public std::enable_shared_from_this<Pull> {
 public:
  Pull(ClientThread& thread, const wmhttp::PushUrl& url, Events events)
      : thread_(thread), url_(url), events_(std::move(events)), client_id_(std::random_device()()) {
    describe_.body_limit(PulledFrameReader::kMostHeader);
  }

  void begin() {
    connect([this] { ask_for_header(); });
  }

  void go_on() override {
    boost::asio::post(thread_.context(), [self = shared_from_this()] { self->read(); });
  }

  void abandon() override {
    boost::asio::post(thread_.context(), [self = shared_from_this()] { self->end({}); });
  }

 private:
  void connect(std::function<void()> then) {
    stream_ = std::make_shared<ClientStream>(thread_, url_.server);
    stream_->expires_after(kConnect);
    stream_->open([self = shared_from_this(), then = std::move(then)](const std::string& why) {
      if (self->over_) return;
      if (!why.empty()) return self->end(why);
      then();
    });
  }

  void send(const std::string& wishes, std::function<void()> then) {
    // Of HTTP/1.0: nobody in between then makes chunks of an answer without a length.
    request_ = {http::verb::get, url_.target, 10};
    request_.set(http::field::host, url_.server.authority());
    request_.set(http::field::user_agent, "NSServer/9.0.0.0");
    request_.set(http::field::accept, "*/*");
    request_.insert(http::field::pragma,
                    "no-cache,rate=1.000,stream-time=0,"
                    "stream-offset=4294967295:4294967295,"
                    "packet-num=4294967295,max-duration=0");
    request_.insert(http::field::pragma, "client-id=" + std::to_string(client_id_));
    if (!wishes.empty()) {
      request_.insert(http::field::pragma, "xPlayStrm=1");
      request_.insert(http::field::pragma, wishes);
    }
    request_.set("Supported", "com.microsoft.wm.sswitch, com.microsoft.wm.predstrm");
    request_.set(http::field::connection, "close");
    stream_->expires_after(kAnswer);
    stream_->with([&](auto& stream) {
      http::async_write(
          stream, request_,
          [self = shared_from_this(), then = std::move(then)](const error_code&, std::size_t) {
            if (!self->over_) then();  // who does not listen may have answered
          });
    });
  }

  void ask_for_header() {
    send({}, [this] {
      stream_->with([this](auto& stream) {
        http::async_read(stream, received_, describe_,
                         [self = shared_from_this()](const error_code& error, std::size_t) {
                           self->take_header(error);
                         });
      });
    });
  }

  void take_header(const error_code& error) {
    if (over_) return;
    if (error && error != http::error::partial_message)
      return end("it did not answer: " + error.message());
    if (!good(describe_.get().result_int())) return;
    const std::string wishes = streams_in(describe_.get().body());
    if (wishes.empty()) return;
    stream_->close();
    received_.clear();
    connect([this, wishes] { ask_for_stream(wishes); });
  }

  bool good(unsigned status) {
    if (status == 200) return true;
    end("it answered with status " + std::to_string(status));
    return false;
  }

  /// What says that all streams are wanted; empty when the header is none.
  std::string streams_in(const std::string& body) {
    PulledFrameReader reader;
    PulledFrame frame;
    asf::Header header;
    for (Bytes input = as_bytes(body);;) {
      const auto status = reader.next(input, frame);
      if (status == PulledFrameReader::Status::Broken) return end(reader.fault()), std::string();
      if (status == PulledFrameReader::Status::NeedMore)
        return end("it sent no header"), std::string();
      if (frame.what == PulledFrame::What::Header) break;
    }
    if (Error error = asf::parse_header(frame.payload, header))
      return end("it sent no ASF header: " + error.message), std::string();
    std::set<unsigned> numbers;
    for (const asf::Stream& stream : header.streams) numbers.insert(stream.number);
    std::string entries;
    for (const unsigned number : numbers) {
      char entry[24];
      std::snprintf(entry, sizeof entry, "%sffff:%x:0", entries.empty() ? "" : " ", number);
      entries += entry;
    }
    if (entries.empty()) return "stream-switch-count=0";
    return "stream-switch-count=" + std::to_string(numbers.size()) +
           ",stream-switch-entry=" + entries;
  }

  void ask_for_stream(const std::string& wishes) {
    send(wishes, [this] {
      stream_->with([this](auto& stream) {
        http::async_read_header(stream, received_, play_,
                                [self = shared_from_this()](const error_code& error, std::size_t) {
                                  self->begin_stream(error);
                                });
      });
    });
  }

  void begin_stream(const error_code& error) {
    if (over_) return;
    if (error) return end("it did not answer: " + error.message());
    if (!good(play_.get().result_int())) return;
    if (received_.size() == 0) return read();
    const auto rest = received_.data();
    const auto* const first = static_cast<const std::byte*>(rest.data());
    std::vector<std::byte> bytes(first, first + rest.size());
    received_.clear();
    events_.bytes(std::move(bytes));
  }

  void read() {
    if (over_) return;
    stream_->expires_after(kSilence);
    stream_->with([this](auto& stream) {
      stream.async_read_some(
          boost::asio::buffer(piece_),
          [self = shared_from_this()](const error_code& error, std::size_t size) {
            self->take(error, size);
          });
    });
  }

  void take(const error_code& error, std::size_t size) {
    if (over_) return;
    if (error) return end("its stream broke off: " + error.message());
    events_.bytes({piece_.begin(), piece_.begin() + static_cast<std::ptrdiff_t>(size)});
  }

  /// `why` empty: nobody wants to know.
  void end(const std::string& why) {
    if (std::exchange(over_, true)) return;
    if (stream_) stream_->close();
    if (!why.empty()) events_.over(why);
  }

  ClientThread& thread_;
  const wmhttp::PushUrl url_;
  const Events events_;
  const std::uint32_t client_id_;
  std::shared_ptr<ClientStream> stream_;
  http::request<http::empty_body> request_;
  boost::beast::flat_buffer received_{2 * kPiece};
  http::response_parser<http::string_body> describe_;
  http::response_parser<http::empty_body> play_;
  std::array<std::byte, kPiece> piece_;
  bool over_ = false;
};

}  // namespace

std::shared_ptr<OriginPull> OriginPull::start(ClientThread& thread, const wmhttp::PushUrl& url,
                                              Events events) {
  auto pull = std::make_shared<Pull>(thread, url, std::move(events));
  boost::asio::post(thread.context(), [pull] { pull->begin(); });
  return pull;
}

}  // namespace wmpush::pubpoint
