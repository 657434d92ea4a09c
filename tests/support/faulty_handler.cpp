#include "support/faulty_handler.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "pubpoint/http/field_text.hpp"
#include "pubpoint/registry.hpp"

namespace wmpush::test {
namespace {

using pubpoint::Fields;
using pubpoint::RequestHead;
using wmhttp::Frame;
using wmhttp::FrameId;

constexpr std::string_view kCookie = "push-id=";

std::string first_of(const RequestHead& head, std::string_view name) {
  const auto values = head.values(name);
  return std::string(values.empty() ? std::string_view() : values.front());
}

template <typename T>
T number(std::string_view text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int status_of(std::string_view response) {
  const std::size_t space = response.find(' ');
  return space == response.npos ? 0 : number<int>(response.substr(space + 1));
}

std::string push_id_in(std::string_view cookie) {
  const std::size_t at = cookie.find(kCookie);
  if (at == cookie.npos) return {};
  const std::string_view id = cookie.substr(at + kCookie.size());
  return std::string(id.substr(0, id.find(';')));
}

}  // namespace

FaultyHandler::FaultyHandler(ClientConnection& connection, pubpoint::Service& service,
                             std::shared_ptr<FaultPlan> plan, ServerHabits habits)
    : outside_(connection),
      service_(service),
      plan_(std::move(plan)),
      habits_(habits),
      inside_(pubpoint::make_handlers(*this, service)),
      handler_(inside_.back().get()) {
  strike(At::Connect);
  if (deaf_) outside_.read_next(Reading::Stream);
}

FaultyHandler::Reading FaultyHandler::on_request(const RequestHead& head) {
  handler_ =
      std::ranges::find_if(inside_, [&](const auto& each) { return each->takes(head); })->get();
  RequestHead told = head;
  const std::string type = first_of(head, "Content-Type");
  is_start_ = type.starts_with("application/x-wms-pushstart");
  is_push_ = is_start_ || type.starts_with("application/x-wms-pushsetup");
  if (is_start_ && !hidden_id_.empty())
    for (auto& [name, value] : told.fields)
      if (pubpoint::same(name, "Cookie")) value = std::string(kCookie) + hidden_id_;
  push_id_ = push_id_in(first_of(told, "Cookie"));
  body_left_ = number<std::uint64_t>(first_of(head, "Content-Length"));
  setup_body_.clear();
  setup_struck_ = false;
  frames_ = {};
  const Reading next = handler_->on_request(told);
  if (is_start_ && next == Reading::Stream) strike(At::PushStart);
  return next;
}

FaultyHandler::Reading FaultyHandler::on_bytes(Bytes& input) {
  if (deaf_) {
    input = {};
    return Reading::Stream;
  }
  if (!is_push_) return handler_->on_bytes(input);
  const Reading next = is_start_ ? read_stream(input) : read_setup(input);
  // Nothing of what was asked is answered, and nothing that may still be.
  if (mute_ && next != Reading::Stream) deaf_ = true;
  return deaf_ ? Reading::Stream : next;
}

FaultyHandler::Reading FaultyHandler::read_setup(Bytes& input) {
  const Bytes taken =
      input.first(static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), body_left_)));
  setup_body_ += as_text(taken);
  input = input.subspan(taken.size());
  body_left_ -= taken.size();
  if (body_left_ > 0) return Reading::Body;
  if (!std::exchange(setup_struck_, true)) {
    if (auto fault = plan_->strike(At::PushSetup)) {
      const bool answers = fault->what == Do::Respond && fault->keep;
      // A success other than ours still sets up the session; anything else is all there is.
      if (answers && status_of(fault->response) / 100 == 2)
        replacement_ = fault->response;
      else if (!suffer(*fault))
        return Reading::Body;  // for as long as it takes
      else if (answers)
        return Reading::Request;
    }
  }
  Bytes body = as_bytes(setup_body_);
  const Reading next = handler_->on_bytes(body);
  replacement_.clear();
  return next;
}

FaultyHandler::Reading FaultyHandler::read_stream(Bytes& input) {
  for (;;) {
    Bytes rest =
        input.first(static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), body_left_)));
    const std::size_t before = rest.size();
    Frame frame;
    const auto status = frames_.next(rest, frame);
    const bool has_frame = status == wmhttp::FrameReader::Status::Frame;
    const std::size_t size =
        status == wmhttp::FrameReader::Status::Breach ? before : before - rest.size();
    ends_ = has_frame && frame.id == FrameId::End && frame.reason != wmhttp::kReasonNextEntry;
    if (ends_) fault_at_end_ = plan_->strike(At::End);
    Bytes part = ends_ ? input : input.first(size);  // what follows the end is looked at with it
    waits_ = false;
    const Reading next = handler_->on_bytes(part);
    input = input.subspan((ends_ ? input.size() : size) - part.size());
    body_left_ -= std::min<std::uint64_t>(body_left_, size);
    if (next != Reading::Stream || waits_ || deaf_ || !has_frame) return next;
    if (!strike_behind(frame)) return Reading::Stream;
  }
}

bool FaultyHandler::strike_behind(const Frame& frame) {
  if (frame.id == FrameId::Header) return strike(At::Header);
  return frame.id != FrameId::Data || strike(At::Packet, packets_of_session());
}

std::uint64_t FaultyHandler::packets_of_session() const {
  for (const auto& session : service_.registry().sessions())
    if (session->id() == push_id_) return session->report().packets;
  return 0;
}

void FaultyHandler::on_rest(Bytes rest) {
  if (!deaf_) handler_->on_rest(rest);
}

void FaultyHandler::on_gone(const std::string& how) { handler_->on_gone(how); }

void FaultyHandler::on_timer(pubpoint::Clock::time_point now) {
  if (!mute_) handler_->on_timer(now);
}

bool FaultyHandler::strike(At at, std::uint64_t packet) {
  const auto fault = plan_->strike(at, packet);
  return !fault || suffer(*fault);
}

bool FaultyHandler::suffer(const Fault& fault) {
  switch (fault.what) {
    case Do::Respond:
      respond(fault);
      return fault.keep;
    case Do::Close:
      lose("closed, as told");
      outside_.close_politely();
      return false;
    case Do::Reset: {
      lose("reset, as told");
      const Socket socket = outside_.release();
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(socket.descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(socket.descriptor);
      return false;
    }
    case Do::Stall:
      mute_ = true;
      stalled_ = true;
      outside_.hold();
      return false;
    case Do::Silence:
      mute_ = true;
      // At the beginning of a connection there is nobody yet to whom anything could go on.
      deaf_ = fault.at == At::Connect;
      return true;
    case Do::Delay:
      outside_.pause(fault.delay, [] {});
      return false;
  }
  return true;
}

void FaultyHandler::respond(const Fault& fault) {
  const int status = fault.response.empty() ? fault.status : status_of(fault.response);
  const std::string as_told = "answered with " + std::to_string(status) + ", as told";
  if (!fault.keep && is_start_) {
    lose(as_told);
    // An error is the end of the session, a challenge or a success is not.
    if (status >= 400 && status != 401 && status != 407)
      for (const auto& session : service_.registry().sessions())
        if (session->id() == push_id_) service_.end_session(session, as_told);
  }
  if (fault.response.empty())
    outside_.answer(status, {});
  else
    outside_.say(fault.response);
  if (!fault.keep) outside_.close_politely();
}

void FaultyHandler::lose(const std::string& how) { handler_->on_gone(how); }

void FaultyHandler::answer(int status, Fields fields) {
  if (mute_) return;
  const auto given =
      std::ranges::find_if(fields, [](const auto& field) { return field.first == "Set-Cookie"; });
  const bool replaces = !replacement_.empty() && status / 100 == 2;
  if (given != fields.end() && (replaces || !habits_.send_push_id)) {
    hidden_id_ = push_id_in(given->second);
    fields.erase(given);
  }
  if (replaces)
    outside_.say(std::move(replacement_));
  else
    outside_.answer(status, std::move(fields));
}

void FaultyHandler::say(std::string response) {
  if (!mute_) outside_.say(std::move(response));
}

void FaultyHandler::refuse(int status, const std::vector<pubpoint::Breach>& breaches) {
  if (!mute_) return outside_.refuse(status, breaches);
  for (const auto& breach : breaches) service_.breached(peer(), breach);
  deaf_ = true;
}

void FaultyHandler::close_politely() {
  if (ends_) {
    if (const auto fault = std::exchange(fault_at_end_, std::nullopt)) {
      if (fault->what == Do::Delay)
        return outside_.pause(fault->delay, [this] { outside_.close_politely(); });
      if (!suffer(*fault)) return;
    }
    if (habits_.answer_end) answer(204, {});
  }
  if (mute_)
    deaf_ = true;
  else
    outside_.close_politely();
}

void FaultyHandler::pause(std::chrono::milliseconds time, std::function<void()> then) {
  waits_ = true;
  outside_.pause(time, std::move(then));
}

void FaultyHandler::hold() {
  waits_ = true;
  outside_.hold();
}

void FaultyHandler::go_on() {
  if (!stalled_) outside_.go_on();
}

}  // namespace wmpush::test
