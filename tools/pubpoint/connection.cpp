#include "pubpoint/connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using wmhttp::Frame;
using wmhttp::FrameId;

/// So many requests of one connection are answered in one turn.
constexpr int kRequestsPerTurn = 16;
/// After so many reads in a row other connections get their turn.
constexpr int kReadsPerTurn = 16;
/// More than a kernel keeps for a connection: whether the client has gone must show.
constexpr int kReadsAtOnce = 256;
/// Sessions that were set up on a connection and have not begun.
constexpr std::size_t kUnstartedPerConnection = 16;
/// The largest report of a player, in bytes.
constexpr std::uint64_t kMaxPullBody = 65536;
/// How long a push that runs ahead of its time waits for the disk: in steps, and at most. A disk
/// that is stuck for longer is one to record no more on.
constexpr std::chrono::milliseconds kDiskWait{10};
constexpr std::chrono::milliseconds kLongestDiskWait{2000};
/// How long a client may go on sending after it was answered.
constexpr std::chrono::seconds kLinger{2};
/// What a Windows Media server lists, so that clients see what they would see there (S04).
constexpr const char* kSupported =
    "com.microsoft.wm.srvppair, com.microsoft.wm.sswitch, com.microsoft.wm.predstrm, "
    "com.microsoft.wm.fastcache, com.microsoft.wm.startupprofile";

std::string name_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "a client that has gone";
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
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

Connection::Connection(asio::ip::tcp::socket socket, Service& service, std::string address)
    : service_(service),
      socket_(std::move(socket)),
      pause_timer_(socket_.get_executor()),
      linger_timer_(socket_.get_executor()),
      address_(std::move(address)),
      peer_(name_of(socket_)),
      slot_(service.connection_counts(), address_),
      last_read_(service.now()),
      request_since_(last_read_) {}

void Connection::start() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  service_.count_connection();
  if (strike(At::Connect, 0, [] {})) wait_readable();
}

void Connection::wait_readable() {
  if (waiting_ || paused_ || held_ || peer_closed_ || closed()) return;
  waiting_ = true;
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       self->waiting_ = false;
                       if (error) return;
                       self->read(kReadsPerTurn, Pace::OfTheDisk);
                       self->wait_readable();
                     });
}

void Connection::read_now() {
  // What the client was told is delivered is not lost to a disk that is slow.
  if (std::exchange(waits_for_disk_, false)) paused_ = false;
  read(kReadsAtOnce, Pace::AtOnce);
}

void Connection::read(int limit, Pace pace) {
  for (int i = 0; i < limit; ++i) {
    if (paused_ || held_ || processing_ || peer_closed_ || closed()) return;
    ReadBuffers::Lease lease(service_.read_buffers());
    error_code error;
    const std::size_t size =
        socket_.read_some(asio::buffer(lease.bytes().data(), lease.bytes().size()), error);
    if (error == asio::error::would_block || error == asio::error::interrupted) return;
    if (error)
      return peer_gone(error == asio::error::eof ? "closed by the client" : error.message());
    if (stage_ == Stage::Head && head_reader_.idle()) request_since_ = service_.now();
    input_ = Bytes(lease.bytes()).first(size);
    last_read_ = service_.now();
    process();
    keep_input();
    if (pace == Pace::OfTheDisk) wait_for_disk({});
  }
}

void Connection::wait_for_disk(std::chrono::milliseconds waited) {
  waits_for_disk_ = false;
  if (paused_ || stage_ != Stage::Stream || !session_) return;
  if (!service_.has_to_wait(*session_)) {
    disk_stuck_ = false;
    return;
  }
  disk_stuck_ = disk_stuck_ || waited >= kLongestDiskWait;
  if (disk_stuck_) return;
  waits_for_disk_ = true;
  pause(kDiskWait, [this, waited] { wait_for_disk(waited + kDiskWait); });
}

void Connection::resume() {
  paused_ = false;
  if (closed()) return;
  process();
  keep_input();
  wait_readable();
}

/// The buffer that the input is in is another one's next.
void Connection::keep_input() {
  kept_ = std::vector<std::byte>(input_.begin(), input_.end());
  input_ = kept_;
}

void Connection::yield_turn() {
  paused_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (!self->closed()) self->resume();
  });
}

void Connection::hand_over() {
  paused_ = false;
  held_ = false;
  process();
  keep_input();
  read_now();
  lose_session("its client has come back on another connection");
  close();
}

void Connection::process() {
  processing_ = true;
  int requests = 0;
  for (bool more = true; more && !paused_ && !held_ && !closed();) {
    switch (stage_) {
      case Stage::Head:
        if (!input_.empty() && requests++ == kRequestsPerTurn) {
          yield_turn();
          break;
        }
        more = read_head();
        break;
      case Stage::SetupBody:
        more = read_setup_body();
        break;
      case Stage::PullBody:
        more = read_pull_body();
        break;
      case Stage::Awaiting:
        input_ = {};
        more = false;
        break;
      case Stage::Stream:
        more = read_stream();
        break;
      case Stage::Draining:
        drain();
        more = false;
        break;
    }
  }
  processing_ = false;
}

bool Connection::read_head() {
  if (input_.empty()) return false;
  RequestHead head;
  switch (head_reader_.next(input_, head)) {
    case HeadReader::Status::NeedMore:
      return false;
    case HeadReader::Status::NotHttp:
      return refuse({400, {"C01", "what came is not an HTTP request"}});
    case HeadReader::Status::TooLarge:
      return refuse(
          {431,
           {"S02", "a request head of more than " + std::to_string(kMaxRequestHead) + " bytes"}});
    case HeadReader::Status::Complete:
      break;
  }
  service_.count_request();
  has_asked_ = true;
  request_since_ = service_.now();
  const auto authorizations = head.values("Authorization");
  authorization_ = authorizations.empty() ? std::string_view() : authorizations.front();
  method_ = head.method;
  target_ = head.target;
  begin_record(head);
  if (is_pull(head)) return begin_pull(head);
  Verdict verdict = judge(head);
  request_ = std::move(verdict.request);
  if (verdict.status != 0) return refuse(verdict.status, verdict.breaches);
  if (request_.kind == PushRequest::Kind::Start) return begin_stream();
  setup_body_.clear();
  stage_ = Stage::SetupBody;
  return true;
}

bool Connection::read_setup_body() {
  const std::size_t missing =
      static_cast<std::size_t>(request_.content_length) - setup_body_.size();
  const Bytes taken = input_.first(std::min(missing, input_.size()));
  setup_body_ += as_text(taken);
  input_ = input_.subspan(taken.size());
  if (taken.size() < missing) return false;

  stage_ = Stage::Head;
  const auto fault = service_.faults().strike(At::PushSetup);
  if (!fault) return answer_setup({});
  if (fault->what == Do::Respond && fault->keep) {
    // A success other than ours still sets up the session; anything else is all there is.
    std::string response = fault->response.empty()
                               ? make_response(fault->status, request_.version, response_fields())
                               : fault->response;
    if (status_of(response) / 100 == 2) return answer_setup(std::move(response));
    send(std::move(response));
    return true;
  }
  return suffer(*fault, [this] { answer_setup({}); }) && answer_setup({});
}

bool Connection::begin_pull(const RequestHead& head) {
  pull_ = read_pull_request(head);
  pull_line_ = head.method + " " + head.target + (head.version == 10 ? " HTTP/1.0" : " HTTP/1.1");
  request_ = {};
  request_.version = head.version;
  pull_body_left_ = head.method == "POST" ? pull_.content_length : 0;
  if (pull_body_left_ > kMaxPullBody)
    return refuse({413, {"P28", "a report of " + std::to_string(pull_body_left_) + " bytes"}});
  stage_ = Stage::PullBody;
  return true;
}

bool Connection::read_pull_body() {
  const std::size_t taken =
      static_cast<std::size_t>(std::min<std::uint64_t>(pull_body_left_, input_.size()));
  input_ = input_.subspan(taken);
  pull_body_left_ -= taken;
  if (pull_body_left_ > 0) return false;
  return admit_viewer() ? answer_pull(false) : !paused_;
}

/// Whether the request is for nothing that is guarded, or from someone who may watch; otherwise it
/// is answered.
bool Connection::admit_viewer() {
  const std::string point = service_.watching().point_of(pull_.path);
  if (point.empty() || !pull_.is_for_stream()) return true;
  const AccessDecision decision = service_.admit({.right = Right::Watch,
                                                  .method = method_,
                                                  .target = target_,
                                                  .authorization = authorization_,
                                                  .address = address_,
                                                  .point = point},
                                                 peer_);
  note_user(decision);
  if (!decision.granted) turn_away(decision, false);
  return decision.granted;
}

bool Connection::answer_pull(bool waited) {
  auto reply = service_.watching().answer(pull_, peer_, pull_line_, waited);
  switch (reply.what) {
    case Watching::Reply::What::Say:
      stage_ = Stage::Head;
      send(std::move(reply.text));
      if (!reply.keep) close_politely();
      return true;
    case Watching::Reply::What::Wait:
      await_push(reply.awaited);
      return false;
    case Watching::Reply::What::Join:
      break;
  }
  error_code error;
  const auto protocol = socket_.local_endpoint(error).protocol();
  const int descriptor = error ? -1 : socket_.release(error);
  // Over when the viewer has gone.
  if (record_) reply.record->asked = *std::exchange(record_, std::nullopt);
  service_.watching().join(descriptor, protocol, std::move(reply));
  stage_ = Stage::Draining;
  close();
  return false;
}

void Connection::await_push(const std::shared_ptr<Broadcast>& broadcast) {
  // A push that has ended before this one's turn came does not renew the time.
  if (stage_ != Stage::Awaiting) await_until_ = service_.now() + service_.settings().wait_for_push;
  stage_ = Stage::Awaiting;
  broadcast->when_live(weak_from_this(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed()) return;
    // Not now: it is another connection's turn.
    asio::post(self->socket_.get_executor(), [self] {
      if (self->stage_ == Stage::Awaiting && !self->closed()) self->answer_pull(false);
    });
  });
}

/// Whether the request is from someone who may push; otherwise it is answered, a wrong password
/// late.
bool Connection::admit(bool keep) {
  const AccessDecision decision = service_.admit({.right = Right::Push,
                                                  .method = "POST",
                                                  .target = target_,
                                                  .authorization = authorization_,
                                                  .address = address_,
                                                  .point = request_.path},
                                                 peer_);
  note_user(decision);
  if (!decision.granted) turn_away(decision, keep);
  return decision.granted;
}

void Connection::turn_away(const AccessDecision& decision, bool keep) {
  if (decision.delay.count() == 0)
    refuse_access(decision, keep);
  else
    pause(decision.delay, [this, decision, keep] { refuse_access(decision, keep); });
}

void Connection::refuse_access(const AccessDecision& decision, bool keep) {
  if (decision.status != 401) {
    refuse(decision.status, {});
    return;
  }
  Fields fields = response_fields();
  fields.emplace_back("WWW-Authenticate", decision.challenge);
  if (!keep) fields.emplace_back("Connection", "close");
  answer(401, std::move(fields));
  if (!keep) close_politely();
}

bool Connection::answer_setup(std::string replacement) {
  if (!admit(true)) return true;
  SetupDirectives directives;
  if (const auto breach = parse_setup_body(setup_body_, directives)) return refuse({400, *breach});
  Grant grant = service_.registry().set_up(request_, directives, address_, service_.now());
  if (!grant.session) return refuse(grant.refusal);
  const auto& session = grant.session;
  session->set_up(request_, peer_, service_.now());
  session->set_connection(weak_from_this());
  last_push_id_ = session->id();
  service_.publish(*session);
  forget_unstarted(session);
  if (!replacement.empty() || !service_.settings().send_push_id) fallback_ = session;
  if (!replacement.empty()) {
    send(std::move(replacement));
    return true;
  }
  Fields fields = response_fields();
  fields.emplace_back(
      "Pragma", "no-cache, timeout=" + std::to_string(service_.settings().idle_timeout.count()));
  fields.emplace_back("Cache-Control", "no-cache");
  if (service_.settings().send_push_id)
    fields.emplace_back("Set-Cookie", "push-id=" + session->id());
  fields.emplace_back("Supported", kSupported);
  answer(204, std::move(fields));
  return true;
}

/// Behind a proxy several clients share a connection; but one that only ever sets sessions up gets
/// no more of them, and takes no others' place.
void Connection::forget_unstarted(const std::shared_ptr<PushSession>& latest) {
  set_up_.push_back(latest);
  if (set_up_.size() <= kUnstartedPerConnection) return;
  const auto oldest = set_up_.front().lock();
  set_up_.pop_front();
  if (oldest && oldest->report().push_starts == 0)
    service_.end_session(oldest, "never begun, and others were set up on the same connection");
}

bool Connection::begin_stream() {
  if (!admit(false)) return true;
  Grant grant = service_.registry().find(request_, fallback_, service_.now());
  if (!grant.session) return refuse(grant.refusal);
  if (const auto& other = grant.displaced) {
    service_.end_session(other, "the push from " + peer_ + " takes over");
    if (const auto connection = other->connection()) connection->session_ended(other->id(), 503);
  }
  session_ = std::move(grant.session);
  received_before_ = session_->report().bytes;
  const bool first = session_->report().push_starts == 0;
  if (service_.settings().keep_repeats) session_->keep_repeats();
  const bool resumed = session_->waits_for_resume();
  session_->start(request_, peer_, service_.now());
  session_->set_connection(weak_from_this());
  last_push_id_ = session_->id();
  service_.registry().start(session_);
  stage_ = Stage::Stream;
  if (first)
    held_ = !service_.session_started(session_);
  else
    service_.publish(*session_);
  if (resumed) service_.log("session " + session_->id() + " is resumed by " + peer_);
  return strike(At::PushStart, 0, [] {});
}

bool Connection::read_stream() {
  const Clock::time_point now = service_.now();
  for (;;) {
    Frame frame;
    switch (session_->next(input_, frame, now)) {
      case PushSession::Step::NeedMore:
        service_.publish(*session_);
        return false;
      case PushSession::Step::LengthUsedUp: {
        service_.publish(*session_);
        note_received();
        Fields fields = response_fields();
        if (service_.settings().send_push_id)
          fields.emplace_back("Set-Cookie", "push-id=" + session_->id());
        session_.reset();
        stage_ = Stage::Head;
        answer(204, std::move(fields));
        return true;
      }
      case PushSession::Step::Breach:
        return stream_breached();
      case PushSession::Step::Frame:
        break;
    }
    if (session_->end_of_stream()) return end_stream();
    if (service_.faults().empty()) continue;
    const bool go_on = frame.id == FrameId::Header ? strike(At::Header, 0, [] {})
                       : frame.id == FrameId::Data
                           ? strike(At::Packet, session_->report().packets, [] {})
                           : true;
    if (!go_on) return false;
  }
}

void Connection::drain() {
  if (after_end_ && !input_.empty()) {
    after_end_ = false;
    service_.breached(peer_, {"F08", "bytes after the end of the stream"});
  }
  input_ = {};
}

bool Connection::end_stream() {
  note_received();
  char reason[16];
  std::snprintf(reason, sizeof reason, "0x%08X", session_->report().end_reason);
  service_.end_session(session_, std::string("end of stream, reason ") + reason);
  session_.reset();
  stage_ = Stage::Draining;
  after_end_ = true;
  drain();
  const auto finish = [this] {
    if (service_.settings().answer_end) answer(204, response_fields());
    end_record(200);
    close_politely();
  };
  if (strike(At::End, 0, finish)) finish();
  return true;
}

bool Connection::stream_breached() {
  note_received();
  const Refusal refusal{session_->breach_status(), session_->breach()};
  service_.end_session(session_, refusal.breach.rule + ": " + refusal.breach.text);
  session_.reset();
  return refuse(refusal);
}

bool Connection::refuse(const Refusal& refusal) { return refuse(refusal.status, {refusal.breach}); }

bool Connection::refuse(int status, const std::vector<Breach>& breaches) {
  if (!record_) begin_record({});  // it did not come whole
  for (const Breach& breach : breaches) service_.breached(peer_, breach);
  Fields fields = response_fields();
  if (status == 405) fields.emplace_back("Allow", "GET, HEAD, OPTIONS, POST");
  fields.emplace_back("Connection", "close");
  answer(status, std::move(fields));
  close_politely();
  return true;
}

void Connection::peer_gone(const std::string& how) {
  peer_closed_ = true;
  lose_session(how);
  // A client that half-closes behind a request still gets its answer.
  if (outbox_.empty())
    close();
  else
    close_politely();
}

void Connection::lose_session(const std::string& how) {
  if (stage_ != Stage::Stream || !session_) return;
  note_received();
  session_->connection_lost();
  service_.publish(*session_);
  service_.log("S09: the connection of session " + session_->id() + " was lost: " + how);
  session_.reset();
  stage_ = Stage::Draining;
}

void Connection::session_ended(const std::string& push_id, int status) {
  if (push_id != last_push_id_) return;
  const bool receiving = stage_ == Stage::Stream;
  note_received();
  session_.reset();
  if (receiving && status != 0) {
    Fields fields = response_fields();
    fields.emplace_back("Connection", "close");
    answer(status, std::move(fields));
  }
  close_politely();
  release();
}

void Connection::go_on(const std::string& push_id) {
  if (push_id == last_push_id_) release();
}

void Connection::release() {
  if (std::exchange(held_, false)) resume();
}

void Connection::check_timer(Clock::time_point now) {
  if (stage_ == Stage::Awaiting && !closed() && now >= await_until_) answer_pull(true);
  if (closed() || mute_ || paused_ || closing_) return;
  const Settings& settings = service_.settings();
  const bool in_head = stage_ == Stage::Head && !head_reader_.idle();
  const bool in_body = stage_ == Stage::SetupBody || stage_ == Stage::PullBody;
  // Counted as a whole: a byte a second does not renew it.
  if ((in_head || in_body) && now - request_since_ >= settings.limits.head_time) {
    service_.log_seldom("slow " + address_, "a request of " + peer_ + " was not whole within " +
                                                std::to_string(settings.limits.head_time.count()) +
                                                " ms");
    refuse(408, {});
    return;
  }
  if (stage_ != Stage::Head || in_head) return;
  const auto idle = has_asked_
                        ? settings.inactivity_timeout
                        : std::min(settings.inactivity_timeout, 3 * settings.limits.head_time);
  if (now - last_read_ >= idle) close_politely();
}

bool Connection::strike(At at, std::uint64_t packet, std::function<void()> then) {
  const auto fault = service_.faults().strike(at, packet);
  return !fault || suffer(*fault, std::move(then));
}

bool Connection::suffer(const Fault& fault, std::function<void()> then) {
  if (session_) service_.publish(*session_);
  note_received();
  switch (fault.what) {
    case Do::Respond: {
      const std::string response =
          fault.response.empty() ? make_response(fault.status, request_.version, response_fields())
                                 : fault.response;
      const int status = status_of(response);
      const std::string as_told = "answered with " + std::to_string(status) + ", as told";
      if (fault.keep) {
        send(response);
        return true;
      }
      // An error is the end of the session, a challenge or a success is not.
      if (session_ && status >= 400 && status != 401 && status != 407)
        service_.end_session(session_, as_told);
      else
        lose_session(as_told);
      send(response);
      close_politely();
      return false;
    }
    case Do::Close:
      lose_session("closed, as told");
      close_politely();
      return false;
    case Do::Reset: {
      lose_session("reset, as told");
      error_code ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
      close();
      return false;
    }
    case Do::Stall:
      mute_ = true;
      paused_ = true;
      return false;
    case Do::Silence:
      mute_ = true;
      return true;
    case Do::Delay:
      pause(fault.delay, std::move(then));
      return false;
  }
  return true;
}

void Connection::pause(std::chrono::milliseconds time, std::function<void()> then) {
  paused_ = true;
  pause_timer_.expires_after(time);
  pause_timer_.async_wait(
      [self = shared_from_this(), next = std::move(then)](const error_code& error) {
        if (error || self->closed()) return;
        self->paused_ = false;
        if (!self->closing_) next();
        if (!self->paused_) self->resume();
      });
}

void Connection::begin_record(const RequestHead& head) {
  if (!service_.settings().on_request) return;
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

void Connection::note_user(const AccessDecision& decision) {
  if (!record_) return;
  record_->user = decision.attempted ? decision.attempt.user : decision.user;
}

void Connection::note_received() {
  if (record_ && session_ && stage_ == Stage::Stream)
    record_->bytes = session_->report().bytes - received_before_;
}

void Connection::end_record(int status) {
  if (!record_) return;
  record_->status = status;
  service_.request_over(*record_);
  record_.reset();
}

Fields Connection::response_fields() const {
  Fields fields{{"Server", service_.settings().server}};
  if (request_.version == 10) fields.emplace_back("Connection", "Keep-Alive");
  return fields;
}

void Connection::answer(int status, Fields fields) {
  send(make_response(status, request_.version, fields));
}

void Connection::send(std::string text) {
  if (mute_ || closed()) return;
  if (record_) {
    const std::size_t head = text.find("\r\n\r\n");
    if (record_->bytes == 0 && head != text.npos) record_->bytes = text.size() - head - 4;
    end_record(status_of(text));
  }
  if (outbox_.empty()) {
    // An answer nearly always fits in the kernel's buffer, and then it is on its way whatever
    // happens to this connection next.
    error_code error;
    text.erase(0, socket_.write_some(asio::buffer(text), error));
    if (text.empty()) return;
    if (error && error != asio::error::would_block) return;  // the next read finds it, too
  }
  outbox_.push_back(std::move(text));
  if (outbox_.size() == 1) write_next();
}

void Connection::write_next() {
  asio::async_write(socket_, asio::buffer(outbox_.front()),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (error || self->closed()) return self->close();
                      self->outbox_.pop_front();
                      if (!self->outbox_.empty()) return self->write_next();
                      if (self->closing_) self->shut_down();
                    });
}

void Connection::close_politely() {
  stage_ = Stage::Draining;
  if (mute_ || closing_ || closed()) return;
  closing_ = true;
  linger_timer_.expires_after(kLinger);
  linger_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->close();
  });
  if (outbox_.empty()) shut_down();
}

void Connection::shut_down() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (peer_closed_) close();
}

void Connection::close() {
  // As nginx has it: the client has gone before it was answered.
  end_record(499);
  error_code ignored;
  socket_.close(ignored);
  pause_timer_.cancel();
  linger_timer_.cancel();
  outbox_.clear();
  slot_.release();
}

}  // namespace wmpush::pubpoint
