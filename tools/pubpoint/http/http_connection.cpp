#include "pubpoint/http/http_connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "core/host_port.hpp"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// So many requests of one connection are answered in one turn.
constexpr int kRequestsPerTurn = 16;
/// After so many reads in a row other connections get their turn.
constexpr int kReadsPerTurn = 16;
/// How long a client may go on sending after it was answered.
constexpr std::chrono::seconds kLinger{2};

std::string name_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "a client that has gone";
  return host_and_port(endpoint.address().to_string(), endpoint.port());
}

/// The status of a raw response, 0 when it has none.
int status_of(std::string_view response) {
  int status = 0;
  const std::size_t space = response.find(' ');
  if (response.starts_with("HTTP/1.") && space != std::string_view::npos)
    std::from_chars(response.data() + space + 1, response.data() + response.size(), status);
  return status;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, HttpHost& host, std::string address,
                               std::string owner)
    : host_(host),
      socket_(std::move(socket)),
      pause_timer_(socket_.get_executor()),
      linger_timer_(socket_.get_executor()),
      address_(std::move(address)),
      peer_(name_of(socket_)),
      slot_(host.connection_counts(), std::move(owner)),
      last_read_(host.now()),
      request_since_(last_read_) {}

void HttpConnection::start(const std::function<Handlers(ClientConnection&)>& make) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  handlers_ = make(*this);
  handler_ = handlers_.back().get();
  wait_readable();
}

void HttpConnection::wait_readable() {
  if (waiting_ || peer_closed_ || !may_read()) return;
  waiting_ = true;
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       self->waiting_ = false;
                       if (error) return;
                       self->read(kReadsPerTurn);
                       self->wait_readable();
                     });
}

void HttpConnection::read(int limit) {
  for (int i = 0; i < limit; ++i) {
    if (processing_ || peer_closed_ || !may_read()) return;
    ReadBuffers::Lease lease(host_.read_buffers());
    error_code error;
    const std::size_t size =
        socket_.read_some(asio::buffer(lease.bytes().data(), lease.bytes().size()), error);
    if (error == asio::error::would_block || error == asio::error::interrupted) return;
    if (error)
      return peer_gone(error == asio::error::eof ? "closed by the client" : error.message());
    if (reading_ == Reading::Request && head_reader_.idle()) request_since_ = host_.now();
    input_ = Bytes(lease.bytes()).first(size);
    last_read_ = host_.now();
    process();
    keep_input();
  }
}

void HttpConnection::end_pause() {
  paused_ = false;
  held_ = false;
  if (processing_ || closed()) return;
  process();
  keep_input();
}

void HttpConnection::resume() {
  paused_ = false;
  if (closed()) return;
  process();
  keep_input();
  wait_readable();
}

/// The buffer that the input is in is another one's next.
void HttpConnection::keep_input() {
  kept_ = std::vector<std::byte>(input_.begin(), input_.end());
  input_ = kept_;
}

void HttpConnection::yield_turn() {
  paused_ = true;
  post([this] { resume(); });
}

void HttpConnection::post(std::function<void()> what) {
  asio::post(socket_.get_executor(), [self = shared_from_this(), what = std::move(what)] {
    if (!self->closed()) what();
  });
}

void HttpConnection::process() {
  processing_ = true;
  int requests = 0;
  for (bool more = true; more && may_read();) {
    switch (reading_) {
      case Reading::Request:
        if (!input_.empty() && requests++ == kRequestsPerTurn)
          yield_turn();
        else
          more = read_head();
        break;
      case Reading::Body:
      case Reading::Stream: {
        const Reading next = handler_->on_bytes(input_);
        if (!closing_ && !closed()) reading_ = next;
        more = reading_ != Reading::Body && reading_ != Reading::Stream;
        break;
      }
      case Reading::Nothing:
        handler_->on_rest(input_);
        input_ = {};
        more = false;
        break;
    }
  }
  processing_ = false;
}

bool HttpConnection::read_head() {
  if (input_.empty()) return false;
  RequestHead head;
  switch (head_reader_.next(input_, head)) {
    case HeadReader::Status::NeedMore:
      return false;
    case HeadReader::Status::NotHttp:
      refuse(400, {{"C01", "what came is not an HTTP request"}});
      return true;
    case HeadReader::Status::TooLarge:
      refuse(431, {{"S02",
                    "a request head of more than " + std::to_string(kMaxRequestHead) + " bytes"}});
      return true;
    case HeadReader::Status::Complete:
      break;
  }
  host_.count_request();
  has_asked_ = true;
  request_since_ = host_.now();
  version_ = head.version;
  begin_record(head);
  const auto found = std::ranges::find_if(
      handlers_, [&](const auto& candidate) { return candidate->takes(head); });
  handler_ = (found == handlers_.end() ? handlers_.back() : *found).get();
  const Reading next = handler_->on_request(head);
  if (!closing_ && !closed()) reading_ = next;
  return true;
}

void HttpConnection::read_next(Reading reading) {
  if (!closing_) reading_ = reading;
}

void HttpConnection::go_on() {
  if (std::exchange(held_, false)) resume();
}

void HttpConnection::pause(std::chrono::milliseconds time, std::function<void()> then) {
  paused_ = true;
  pause_timer_.expires_after(time);
  pause_timer_.async_wait(
      [self = shared_from_this(), then = std::move(then)](const error_code& error) {
        if (error || self->closed()) return;
        self->paused_ = false;
        if (!self->closing_) then();
        if (!self->paused_) self->resume();
      });
}

void HttpConnection::check_timer(Clock::time_point now) {
  if (closed()) return;
  handler_->on_timer(now);
  if (closing_ || !may_read()) return;
  const Settings& settings = host_.settings();
  const bool in_head = reading_ == Reading::Request && !head_reader_.idle();
  // Counted as a whole: a byte a second does not renew it.
  if ((in_head || reading_ == Reading::Body) && now - request_since_ >= settings.limits.head_time) {
    host_.count(Limit::HeadTime);
    host_.log_seldom("slow " + address_, "a request of " + peer_ + " was not whole within " +
                                             std::to_string(settings.limits.head_time.count()) +
                                             " ms");
    refuse(408, {});
    return;
  }
  if (reading_ != Reading::Request || in_head) return;
  const auto idle = has_asked_
                        ? settings.inactivity_timeout
                        : std::min(settings.inactivity_timeout, 3 * settings.limits.head_time);
  if (now - last_read_ >= idle) close_politely();
}

void HttpConnection::begin_record(const RequestHead& head) {
  if (!host_.settings().on_request) return;
  const auto first = [&](std::string_view name) {
    const auto values = head.values(name);
    return std::string(values.empty() ? std::string_view() : values.front());
  };
  RequestRecord& record = record_.emplace();
  record.address = address_;
  record.time = std::chrono::system_clock::now();
  if (!head.method.empty())
    record.line =
        head.method + " " + head.target + (head.version == 10 ? " HTTP/1.0" : " HTTP/1.1");
  record.referer = first("Referer");
  record.user_agent = first("User-Agent");
}

void HttpConnection::end_record(int status) {
  if (!record_) return;
  record_->status = status;
  host_.request_over(*record_);
  record_.reset();
}

void HttpConnection::refuse(int status, const std::vector<Breach>& breaches) {
  if (!record_) begin_record({});  // it did not come whole
  for (const Breach& breach : breaches) host_.breached(peer_, breach);
  Fields fields;
  if (status == 405) fields.emplace_back("Allow", "GET, HEAD, OPTIONS, POST");
  fields.emplace_back("Connection", "close");
  answer(status, std::move(fields));
  close_politely();
}

void HttpConnection::answer(int status, Fields fields) {
  Fields all{{"Server", host_.settings().server}};
  if (version_ == 10) all.emplace_back("Connection", "Keep-Alive");
  std::ranges::move(fields, std::back_inserter(all));
  say(make_response(status, version_, all));
}

void HttpConnection::say(std::string response) {
  if (closed()) return;
  if (record_) {
    const std::size_t head = response.find("\r\n\r\n");
    if (record_->bytes == 0 && head != response.npos) record_->bytes = response.size() - head - 4;
    end_record(status_of(response));
  }
  if (outbox_.empty()) {
    // An answer nearly always fits in the kernel's buffer, and then it is on its way whatever
    // happens to this connection next.
    error_code error;
    response.erase(0, socket_.write_some(asio::buffer(response), error));
    if (response.empty()) return;
    if (error && error != asio::error::would_block) return;  // the next read finds it, too
  }
  outbox_.push_back(std::move(response));
  if (outbox_.size() == 1) write_next();
}

void HttpConnection::write_next() {
  asio::async_write(socket_, asio::buffer(outbox_.front()),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (error || self->closed()) return self->close();
                      self->outbox_.pop_front();
                      if (!self->outbox_.empty()) return self->write_next();
                      if (self->closing_) self->shut_down();
                    });
}

void HttpConnection::peer_gone(const std::string& how) {
  peer_closed_ = true;
  handler_->on_gone(how);
  // A client that half-closes behind a request still gets its answer.
  if (outbox_.empty())
    close();
  else
    close_politely();
}

/// Ends our side once everything is written, and reads on for a while: closing with unread bytes
/// would reset the connection and take the answer with it.
void HttpConnection::close_politely() {
  if (closing_ || closed()) return;
  reading_ = Reading::Nothing;
  closing_ = true;
  linger_timer_.expires_after(kLinger);
  linger_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->close();
  });
  if (outbox_.empty()) shut_down();
}

void HttpConnection::shut_down() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (peer_closed_) close();
}

ClientConnection::Socket HttpConnection::release() {
  Socket released;
  error_code error;
  const auto endpoint = socket_.local_endpoint(error);
  if (!error) {
    released.protocol = endpoint.protocol();
    released.descriptor = socket_.release(error);
  }
  close();
  return released;
}

void HttpConnection::close() {
  // As nginx has it: the client has gone before it was answered.
  end_record(499);
  reading_ = Reading::Nothing;
  error_code ignored;
  socket_.close(ignored);
  pause_timer_.cancel();
  linger_timer_.cancel();
  outbox_.clear();
  slot_.release();
}

}  // namespace wmpush::pubpoint
