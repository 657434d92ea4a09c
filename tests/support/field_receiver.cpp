#include "support/field_receiver.hpp"

#include <thread>

#include "support/raw_client.hpp"

namespace wmpush::test {
namespace {

using Id = Habits::Id;
using End = Habits::End;
using Next = Habits::Next;
using Second = Habits::Second;
using wmhttp::FrameId;

std::string cookie_in(const std::string& head) {
  SentRequest request;
  request.head = head;
  const std::string cookie = request.header("Cookie");
  return cookie.substr(cookie.find('=') + 1);
}

}  // namespace

const std::vector<Habits>& field_receivers() {
  static const std::vector<Habits> kReceivers{{.name = 'A',
                                               .what = "relay in C++",
                                               .id = Id::None,
                                               .end = End::Closes,
                                               .next_entry = Next::Closes,
                                               .second = Second::OwnChannel,
                                               .largest_frame = 8192},
                                              {.name = 'B',
                                               .what = "relay in Ruby",
                                               .id = Id::None,
                                               .end = End::Closes,
                                               .next_entry = Next::Takes,
                                               .second = Second::RefusedAtData,
                                               .keeps_lost = true,
                                               .drops_silent = true},
                                              {.name = 'C',
                                               .what = "relay for Node.js",
                                               .id = Id::Same,
                                               .end = End::Answers422,
                                               .next_entry = Next::Answers422,
                                               .second = Second::BesideTheFirst},
                                              {.name = 'D',
                                               .what = "recorder in Python",
                                               .id = Id::Checked,
                                               .end = End::Silent,
                                               .next_entry = Next::Takes,
                                               .second = Second::TakesOver,
                                               .setup_drops = true},
                                              {.name = 'E',
                                               .what = "relay in C#",
                                               .id = Id::None,
                                               .end = End::Silent,
                                               .next_entry = Next::Takes,
                                               .second = Second::NoConnection,
                                               .keeps_unstarted = true}};
  return kReceivers;
}

void PrintTo(const Habits& habits, std::ostream* out) { *out << habits.name; }

FieldReceiver::FieldReceiver(const Habits& habits) : habits_(habits) { listen(); }

void FieldReceiver::listen() {
  server_ =
      std::make_unique<RawServer>([this](Connection& connection) { serve(connection); }, port_);
  port_ = server_->port();
}

void FieldReceiver::restart() {
  server_.reset();
  {
    const std::lock_guard lock(mutex_);
    ids_.clear();
    kept_until_ = {};
    blocked_ = false;
  }
  // Long enough for a try to connect that is refused.
  std::this_thread::sleep_for(kWhile / 2);
  listen();
}

void FieldReceiver::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  if (habits_.keeps_lost) kept_until_ = Clock::now() + kWhile;
  if (pushing_ != nullptr) pushing_->break_off();
}

void FieldReceiver::set_up_only() {
  RawClient client(port_);
  client.send(RequestText::setup().text());
  static_cast<void>(client.read_response());
}

bool FieldReceiver::wait_for_packets(std::size_t count) {
  constexpr int kTries = 5000;
  for (int i = 0; i < kTries && packets().size() < count; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return packets().size() >= count;
}

std::vector<std::vector<SentFrame>> FieldReceiver::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

std::vector<std::string> FieldReceiver::packets() const {
  std::vector<std::string> all;
  for (const auto& stream : streams())
    for (const SentFrame& frame : stream)
      if (frame.id == FrameId::Data) all.push_back(frame.payload);
  return all;
}

std::string FieldReceiver::answer(const std::string& status, const std::string& id) const {
  return "HTTP/1.1 " + status +
         "\r\nServer: " + (habits_.id == Id::Checked ? "Rex/9.0" : "Cougar/9.01.01.3814") + "\r\n" +
         (id.empty() ? "" : "Set-Cookie: push-id=" + id + "\r\n") + "Content-Length: 0\r\n" +
         (status.starts_with("401") ? "WWW-Authenticate: Basic realm=\"r\"\r\n" : "") + "\r\n";
}

/// Whether the request may go on; where not, it has been answered.
bool FieldReceiver::let_in(Connection& connection, const std::string& head) {
  if (habits_.id != Id::Checked) return true;
  const std::lock_guard lock(mutex_);
  const bool setup = head.find("x-wms-pushsetup") != std::string::npos;
  if (setup ? head.find("\r\nAuthorization: ") != std::string::npos
            : ids_.count(cookie_in(head)) != 0)
    return true;
  const std::string id = std::to_string(++last_id_);
  if (setup) ids_.insert(id);
  connection.send(answer("401 Unauthorized", id));
  return false;
}

/// The channel is this connection's from now on.
bool FieldReceiver::take_channel(Connection& connection) {
  const std::lock_guard lock(mutex_);
  if (pushing_ != nullptr && habits_.second == Second::RefusedAtData) return false;
  if (habits_.keeps_lost && Clock::now() < kept_until_) return false;
  if (pushing_ != nullptr && habits_.second == Second::TakesOver) pushing_->break_off();
  pushing_ = &connection;
  streams_.emplace_back();
  return true;
}

void FieldReceiver::leave(const Connection& connection) {
  const std::lock_guard lock(mutex_);
  --connections_;
  if (pushing_ == &connection) pushing_ = nullptr;
}

void FieldReceiver::serve(Connection& connection) {
  struct Leave {
    FieldReceiver& receiver;
    Connection& connection;
    ~Leave() { receiver.leave(connection); }
  } const leave_at_the_end{*this, connection};
  {
    const std::lock_guard lock(mutex_);
    if (++connections_ > 1 && habits_.second == Second::NoConnection) return connection.reset();
    if (blocked_) return connection.reset();
  }
  while (true) {
    const std::string head = connection.read_head();
    if (head.empty()) break;
    const bool setup = head.find("x-wms-pushsetup") != std::string::npos;
    if (setup && habits_.setup_drops) {
      const std::lock_guard lock(mutex_);
      if (pushing_ != nullptr) pushing_->break_off();
    }
    if (!let_in(connection, head)) {
      if (!setup) return;
      continue;
    }
    if (!setup) return take_stream(connection);
    std::string id;
    {
      const std::lock_guard lock(mutex_);
      if (habits_.id == Id::Same) id = "2";
      if (habits_.id == Id::Checked) ids_.insert(id = std::to_string(++last_id_));
    }
    connection.send(answer("204 No Content", id));
  }
  const std::lock_guard lock(mutex_);
  blocked_ = habits_.keeps_unstarted;
}

void FieldReceiver::take_stream(Connection& connection) {
  if (habits_.second == Second::RefusedAtData || habits_.keeps_lost) {
    if (!take_channel(connection)) {
      connection.read_some();
      connection.send(answer("404 Not Found", ""));
      connection.read_some();
      return;
    }
  } else if (!take_channel(connection)) {
    return;
  }
  std::size_t stream;
  {
    const std::lock_guard lock(mutex_);
    stream = streams_.size() - 1;
  }
  wmhttp::FrameReader reader;
  wmhttp::Frame frame;
  while (true) {
    if (habits_.drops_silent && !connection.something_within(kSilence)) return;
    const std::string piece = connection.read_some();
    if (piece.empty()) break;
    Bytes input = as_bytes(piece);
    while (reader.next(input, frame) == wmhttp::FrameReader::Status::Frame)
      if (!take_frame(connection, frame, stream)) return;
  }
  const std::lock_guard lock(mutex_);
  if (std::exchange(cut_, false)) connection.reset();
}

/// False: the connection is over.
bool FieldReceiver::take_frame(Connection& connection, const wmhttp::Frame& frame,
                               std::size_t stream) {
  if (habits_.largest_frame != 0 && frame.payload.size() > habits_.largest_frame) {
    connection.reset();
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    streams_[stream].push_back({frame.id, frame.reason, std::string(as_text(frame.payload))});
  }
  if (frame.id != FrameId::End) return true;
  const bool next = frame.reason == wmhttp::kReasonNextEntry;
  if (next && habits_.next_entry == Next::Closes) return false;
  if (next ? habits_.next_entry == Next::Answers422 : habits_.end == End::Answers422) {
    connection.send(answer("422 Unprocessable Entity", ""));
    return false;
  }
  if (next) return true;
  if (habits_.end == End::Silent)
    while (!connection.read_some().empty()) {
    }
  return false;
}

}  // namespace wmpush::test
