#include "pubpoint/http/http_connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>

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

/// What a client hears that speaks no TLS where TLS is spoken; nginx says it in nearly these words.
constexpr std::string_view kSpeakTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 52\r\n"
    "Connection: close\r\n\r\nA plain HTTP request was sent to the port for HTTPS\n";
static_assert(kSpeakTls.size() - kSpeakTls.find("\r\n\r\n") - 4 == 52);

/// The status of a raw response, 0 when it has none.
int status_of(std::string_view response) {
  int status = 0;
  const std::size_t space = response.find(' ');
  if (response.starts_with("HTTP/1.") && space != std::string_view::npos)
    std::from_chars(response.data() + space + 1, response.data() + response.size(), status);
  return status;
}

}  // namespace

HttpConnection::HttpConnection(ClientSocket socket, HttpHost& host, std::string address,
                               std::string owner)
    : host_(host),
      socket_(std::move(socket)),
      pause_timer_(socket_.executor()),
      linger_timer_(socket_.executor()),
      address_(std::move(address)),
      peer_(socket_.peer()),
      slot_(host.connection_counts(), std::move(owner)),
      last_read_(host.now()),
      last_sent_(last_read_),
      request_since_(last_read_) {}

void HttpConnection::start(const std::function<Handlers(ClientConnection&)>& make) {
  handlers_ = make(*this);
  handler_ = handlers_.back().get();
  wait_readable();
}

void HttpConnection::wait_readable() {
  if (waiting_ || peer_closed_ || !may_read()) return;
  waiting_ = true;
  const auto go_on = [self = shared_from_this()](const error_code& error) {
    self->waiting_ = false;
    if (error) return;
    self->read(kReadsPerTurn);
    self->wait_readable();
  };
  if (socket_.has_received())
    asio::post(socket_.executor(), [go_on] { go_on({}); });
  else if (socket_.handshaking() && socket_.wants_to_send())
    socket_.wait_writable(go_on);
  else
    socket_.wait_readable(go_on);
}

bool HttpConnection::shake_hands() {
  if (!socket_.handshaking()) return true;
  const int error = socket_.handshake();
  if (error == 0) return true;
  if (error == EAGAIN) return false;
  if (socket_.silent()) {  // somebody looked whether the port is open
    close();
    return false;
  }
  const std::string why = socket_.plain_http() ? "an HTTP request in clear" : socket_.reason(error);
  host_.count(Limit::Handshakes);
  host_.log_seldom("handshake " + address_, "no TLS handshake with " + peer_ + ": " + why);
  if (!socket_.plain_http()) {
    close();
    return false;
  }
  socket_.speak_in_clear();
  begin_record({});
  say(std::string(kSpeakTls));
  close_politely();
  return true;  // what has been sent of the request is read past
}

void HttpConnection::read(int limit) {
  for (int i = 0; i < limit; ++i) {
    if (processing_ || peer_closed_ || !may_read() || !shake_hands()) return;
    ReadBuffers::Lease lease(host_.read_buffers());
    int error = 0;
    const std::size_t size = socket_.receive(lease.bytes(), error);
    if (error == EAGAIN) return;
    if (size == 0) return peer_gone(error == 0 ? "closed by the client" : socket_.reason(error));
    if (reading_ == Reading::Request && head_reader_.idle()) request_since_ = host_.now();
    input_ = Bytes(lease.bytes()).first(size);
    last_read_ = host_.now();
    process();
  }
}

void HttpConnection::end_pause() {
  paused_ = false;
  held_ = false;
  if (processing_ || closed()) return;
  process();
}

void HttpConnection::resume() {
  paused_ = false;
  if (closed()) return;
  process();
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
  asio::post(socket_.executor(), [self = shared_from_this(), what = std::move(what)] {
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
  keep_input();
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
  const Settings& settings = host_.settings();
  if (answers_wait() && now - last_sent_ >= settings.inactivity_timeout) return close();
  if (closing_ || !may_read()) return;
  const bool in_head =
      reading_ == Reading::Request && (!head_reader_.idle() || socket_.handshaking());
  // Counted as a whole: a byte a second does not renew it.
  if ((in_head || reading_ == Reading::Body) && now - request_since_ >= settings.limits.head_time) {
    if (socket_.handshaking()) {
      host_.count(Limit::Handshakes);
      host_.log_seldom("slow handshake " + address_,
                       "no TLS handshake with " + peer_ + " within " +
                           std::to_string(settings.limits.head_time.count()) + " ms");
      return close();
    }
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
  RequestRecord& record = record_.emplace();
  record.address = address_;
  record.time = std::chrono::system_clock::now();
  if (!head.method.empty())
    record.line =
        head.method + " " + head.target + (head.version == 10 ? " HTTP/1.0" : " HTTP/1.1");
  record.referer = head.first("Referer");
  record.user_agent = head.first("User-Agent");
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
  send_or_keep({std::move(response), nullptr});
}

void HttpConnection::say_shared(std::string head, std::shared_ptr<const std::string> body,
                                std::size_t first, std::size_t count) {
  if (closed()) return;
  if (record_) {
    record_->bytes = count;
    end_record(status_of(head));
  }
  send_or_keep({std::move(head), nullptr});
  if (!closed()) send_or_keep({{}, std::move(body), first, first + count});
}

void HttpConnection::send_or_keep(Outgoing part) {
  if (!is_sending()) {
    // An answer nearly always fits in the kernel's buffer, and then it is on its way whatever
    // happens to this connection next.
    int error = 0;
    const std::array parts{part.rest()};
    part.sent += socket_.send(parts, error);
    if (part.rest().empty() && !is_sending()) return;
    if (error != 0 && error != EAGAIN) return;  // the next read finds it, too
  }
  if (!part.rest().empty()) {
    if (outbox_.empty()) last_sent_ = host_.now();
    outbox_.push_back(std::move(part));
  }
  wait_writable();
}

void HttpConnection::wait_writable() {
  if (std::exchange(awaits_room_, true)) return;
  socket_.wait_writable([self = shared_from_this()](const error_code& error) {
    self->awaits_room_ = false;
    if (error || self->closed()) return self->close();
    self->write_next();
  });
}

void HttpConnection::write_next() {
  while (!outbox_.empty()) {
    int error = 0;
    const std::array parts{outbox_.front().rest()};
    const std::size_t count = socket_.send(parts, error);
    if (error != 0 && error != EAGAIN) return close();
    if (count == 0) return wait_writable();
    last_sent_ = host_.now();
    outbox_.front().sent += count;
    if (outbox_.front().rest().empty()) outbox_.pop_front();
  }
  const int error = socket_.flush();
  if (error == EAGAIN) return wait_writable();
  if (error != 0) return close();
  if (closing_) return shut_down();
  if (processing_ || !may_read()) return;
  process();
  wait_readable();
}

void HttpConnection::peer_gone(const std::string& how) {
  peer_closed_ = true;
  handler_->on_gone(how);
  // A client that half-closes behind a request still gets its answer.
  if (is_sending())
    close_politely();
  else
    close();
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
  if (!is_sending()) shut_down();
}

void HttpConnection::shut_down() {
  if (socket_.shut_down() == EAGAIN) return wait_writable();
  if (peer_closed_) close();
}

ClientConnection::Socket HttpConnection::release() {
  Socket released = socket_.release();
  close();
  return released;
}

void HttpConnection::close() {
  // As nginx has it: the client has gone before it was answered.
  end_record(499);
  reading_ = Reading::Nothing;
  socket_.close();
  pause_timer_.cancel();
  linger_timer_.cancel();
  outbox_.clear();
  slot_.release();
}

}  // namespace wmpush::pubpoint
