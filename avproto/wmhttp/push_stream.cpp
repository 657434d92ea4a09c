// How the engine fills the bodies of PushStart (3.1.4.2, 3.1.4.3, 3.1.4.5).
#include <algorithm>
#include <utility>

#include "wmhttp/push_actions.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {

// ---------------------------------------------------------------------------------------------
// What the program hands in

/// False: the header is too large for its frame, and the call is rejected.
bool PushActions::append_header(FrameId id) {
  const bool first = id == FrameId::Header;
  const std::size_t limit = first ? kMaxHeaderPayload : kMaxStreamChangePayload;
  if (in_.payload() > limit) {
    stay_and_reject(Result::NS_E_INVALID_DATA,
                    "the ASF header has " + std::to_string(in_.payload()) + " bytes; " +
                        (first ? "$H" : "$C") + " carries " + std::to_string(limit) +
                        " at the most: leave out metadata or streams");
    return false;
  }
  stream_.shape = in_.shape;
  if (!first) log_.append(FrameId::End, kReasonNextEntry, {}, {});
  log_.append(id, 0, {}, in_.rest);
  return true;
}

PushState PushActions::start_stream() {
  if (!append_header(FrameId::Header)) return State::Ready;
  return link_.open ? begin_push_start() : State::Reconnecting;
}

PushState PushActions::next_entry() {
  if (!append_header(FrameId::StreamChange)) return state_;
  stream_.next_entry_at = in_.now;
  return write_frames();
}

/// False: the call is rejected.
bool PushActions::append_packet() {
  const std::size_t size = in_.payload();
  if (size == 0) {
    stay_and_reject(Result::E_INVALIDARG, "an empty data packet cannot be sent");
  } else if (size > stream_.shape.packet_size) {
    stay_and_reject(Result::NS_E_INVALID_DATA, "a data packet has " + std::to_string(size) +
                                                   " bytes, the ASF header declares " +
                                                   std::to_string(stream_.shape.packet_size));
  } else {
    log_.append(FrameId::Data, 0, in_.head, in_.rest);
    return true;
  }
  return false;
}

PushState PushActions::send_packet() { return append_packet() ? write_frames() : state_; }

/// What comes while no PushStart can take it waits for the next one.
PushState PushActions::keep_packet() {
  append_packet();
  return state_;
}

PushState PushActions::keep_header() {
  append_header(FrameId::StreamChange);
  return state_;
}

// ---------------------------------------------------------------------------------------------
// PushStart

/// 3.1.4.2.1: on the connection of the last request.
PushState PushActions::begin_push_start() {
  if (admission_.unprepared()) return State::Preparing;
  session_.make_resumable();
  return send_push_start({recovery_.active(), false}, request());
}

/// On a connection of its own, where the last one is gone.
PushState PushActions::stream_on_new_connection() {
  const RequestContext context = request();
  if (admission_.incomplete()) return send_round(context);
  const bool resumes = !session_.fresh();
  session_.make_resumable();
  return send_push_start({true, resumes}, context);
}

PushState PushActions::send_push_start(PushStart::Place place, const RequestContext& context) {
  const std::int64_t length = push_start_length(
      {config_.content_length, route_.proxied(), stream_.measured_bitrate}, stream_.shape, log_);
  note(WMPUSH_LOG_VERBOSE, "PushStart of " + std::to_string(length) + " bytes");
  link_.start = PushStart(length, place, in_.now);
  link_.out.copy(as_bytes(push_start_head(context, length)));
  link_.progress = in_.now;
  link_.exchange.begin();
  const bool kept = recovery_.enabled() || admission_.is_possible();
  // What is sent again was already too much for the network once, and what has piled up meanwhile
  // follows at once: all of it may be refused.
  const std::size_t refusable =
      (recovery_.active() ? kMaxRefusable : kMaxReplay) + log_.pending_bytes();
  log_.begin(link_.out.queued(), kept ? refusable : 0, static_cast<std::size_t>(length));
  return write_frames();
}

/// Queues what is to be written and fits; the state that follows. What the body has no room for
/// waits in the log for the next PushStart.
PushState PushActions::write_frames() {
  while (log_.pending() && link_.out.size() < kQueuedAtOnce) {
    const LoggedFrame frame = log_.next();
    if (!link_.start.has_room_for(frame)) return use_up_length();
    if (link_.out.empty()) link_.progress = in_.now;
    link_.start.write(frame, link_.out);
    log_.wrote(link_.out.queued());
    if (frame.again && frame.id == FrameId::Data && recovery_.active()) recovery_.resent_packet();
    if (frame.ends_stream()) return State::Ending;
  }
  return body();
}

/// Everything that was queued is sent.
PushState PushActions::drained() {
  if (log_.pending()) return write_frames();
  stream_again();
  return body();
}

/// After a loss it counts as well again that everything of the stream is sent.
void PushActions::stream_again() {
  if (recovery_.active() && link_.start.has_content()) {
    recovery_.streaming(in_.now);
    session_.trust();
  }
  if (recovery_.announcement_due(in_.now)) announce();
}

// ---------------------------------------------------------------------------------------------
// From one PushStart to the next (3.1.4.3)

/// Fills the body exactly.
PushState PushActions::use_up_length() {
  if (const std::int64_t bitrate = link_.start.bitrate(in_.now)) stream_.measured_bitrate = bitrate;
  if (link_.out.empty()) link_.progress = in_.now;
  link_.start.fill(link_.out);
  link_.waiting_since = in_.now;
  // The server has answered already: the next request follows the filler on the same connection.
  return link_.start.kept_alive() ? roll_over() : State::RollingOver;
}

/// The answer to the PushStart is here: goes on with the next one. Where the server closes behind
/// the answer, everything is sent before.
PushState PushActions::roll_over() {
  if (link_.start.kept_alive() && link_.open) return begin_push_start();
  if (!link_.out.empty() && link_.open) return State::RollingOver;
  drop_connection();
  return State::Reconnecting;
}

PushState PushActions::rolled_over() {
  return link_.start.accepted() ? roll_over() : State::RollingOver;
}

/// An answer may come before the length is used up: it is kept until then.
PushState PushActions::remember_acceptance() {
  link_.start.accept(response().keep_alive);
  admission_.accepted();
  return state_;
}

/// An answer that overtook the filler is one too: the request follows the filler.
PushState PushActions::next_push_start() {
  admission_.accepted();
  // Who answers behind everything has read it; an answer that overtook some of it says nothing of
  // what its system has.
  const bool has_all = link_.out.empty() && in_.delivery.unacknowledged == 0;
  log_.acknowledge(has_all ? link_.out.consumed() : taken(), has_all ? 0 : unread());
  link_.start.accept(response().keep_alive);
  return roll_over();
}

/// A server that has answered closes when it likes.
PushState PushActions::lose_rollover() {
  return !link_.start.accepted() || recoverable() ? lose_stream() : roll_over();
}

/// A receiver that does not count the length never answers (3.1.4.3): a new session goes on where
/// this one stands, with $H again.
PushState PushActions::renew_session() {
  if (!link_.out.empty()) return stalled();
  const std::string why = "the server did not answer within " +
                          seconds_text(config_.rollover_timeout) +
                          " when the length of a PushStart was used up";
  if (recoverable()) {
    // It may also be the network that does not answer.
    session_.give_up();
    recovery_.hurry();
    return recover({Result::NS_E_TIMEOUT, 0, 0, why});
  }
  note(WMPUSH_LOG_WARNING, why + ": setting up a new session");
  forget_session();
  return State::Connecting;
}

// ---------------------------------------------------------------------------------------------
// Challenged, refused, lost (3.1.5.2)

/// The server closes where length remains, and where none does its answer may still have overtaken
/// the body: so the PushStart is sent again on a connection of its own.
PushState PushActions::answer_stream_challenge() {
  if (response().status == 401) admission_.accepted_by_proxy();
  if (denies_session()) return deny_session();
  if (!admission_.is_possible_for(response())) return refuse_challenge({});
  if (!log_.whole())
    return refuse_challenge(
        "it asks for the password when the stream has gone on for more than the " +
        std::to_string(kMaxReplay) + " bytes that can be sent again");
  // What goes on between us and a proxy is not for the server's rules: there may be rounds.
  const bool rounds_possible = response().status == 407;
  return consult({rounds_possible, false}, &PushActions::stream_answered);
}

PushState PushActions::stream_answered() {
  if (!sends_again()) return refuse_challenge(admission_.explanation());
  recovery_.put_at_risk(log_.rewind(log_.beginning(), 0));
  note(WMPUSH_LOG_VERBOSE, "PushStart again, with the " + std::to_string(log_.pending_bytes()) +
                               " bytes of content that its body had");
  drop_connection();
  return State::Reconnecting;
}

PushState PushActions::refuse_challenge(std::string_view explanation) {
  const bool ending = state_ == State::Ending;
  if (ending && explanation.empty()) return finish_after_answer();
  return refuse_stream(refused(ending ? "EndSession" : "PushStart", false, explanation));
}

/// NTLM lets a connection in by rounds of requests, and only PushStart is left to make them with. A
/// proxy that wants it keeps all but the last to itself, so that an empty body is the one that
/// costs nothing, and that would do no harm at the server.
PushState PushActions::send_round(const RequestContext& context) {
  note(WMPUSH_LOG_VERBOSE, "PushStart without a body, for the proxy");
  link_.out.copy(as_bytes(push_start_head(context, 0)));
  link_.progress = link_.waiting_since = in_.now;
  link_.exchange.begin();
  return State::Authorizing;
}

PushState PushActions::answer_round() {
  if (!admission_.is_possible_for(response())) return refuse_stream();
  const bool kept = link_.open && response().keep_alive;
  return consult({response().status == 407, kept}, &PushActions::round_answered);
}

PushState PushActions::round_answered() {
  if (!sends_again()) return fail(refused("PushStart", false, admission_.explanation()));
  if (link_.open && response().keep_alive) return stream_on_new_connection();
  drop_connection();
  return State::Reconnecting;
}

/// Let in before the last round.
PushState PushActions::skip_rounds() {
  admission_.accepted();
  if (!link_.open || !response().keep_alive) return lose_stream();
  return stream_on_new_connection();
}

PushState PushActions::round_unanswered() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "PushStart: the proxy did not answer within " +
                  seconds_text(config_.response_timeout) +
                  " on a new connection: see its log, or set response_timeout higher"};
  return recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

PushState PushActions::refuse_stream() { return refuse_stream(refused("PushStart", false)); }

PushState PushActions::lose_stream() { return lose_stream(in_.error); }

PushState PushActions::lose_stream(Error error) {
  if (!error)
    error = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
             "the server closed the connection in the middle of the stream: see its log"};
  error.message += playlist_hint() + size_hint();
  // Who drops a session that it is to go on with does not know it; a proxy has reasons of its own.
  const PushStart& start = link_.start;
  if (start.resumes() && !route_.stands_between() && in_.now < start.since() + kLasting)
    session_.doubt();
  if (!recovery_.active()) recovery_.broke(in_.now);
  return recoverable() ? recover(std::move(error)) : fail(std::move(error));
}

PushState PushActions::stalled() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "the server took no data for " + seconds_text(config_.send_timeout) +
                  ": check the network, lower the bit rate, or set send_timeout higher"};
  return recoverable() ? recover(std::move(error)) : fail(std::move(error));
}

/// Why a stream may have ended where the next input begins.
std::string PushActions::playlist_hint() const {
  if (!stream_.next_entry_at || in_.now >= *stream_.next_entry_at + kAtOnce) return {};
  return "; that was where the next input began: if the server takes no playlists, join the inputs "
         "into one";
}

/// Why a connection may have been lost where a stream begins.
std::string PushActions::size_hint() const {
  const PushStart& start = link_.start;
  if (start.resumes() || stream_.next_entry_at || in_.now >= start.since() + kLasting) return {};
  if (log_.header_size() > kCommonPayload)
    return "; the ASF header has " + std::to_string(log_.header_size()) +
           " bytes, and some receivers take 8192 at the most: max_header=8192 makes it fit";
  if (stream_.shape.packet_size > kCommonPayload)
    return "; the data packets have " + std::to_string(stream_.shape.packet_size) +
           " bytes, and some receivers take 8192 at the most: use a smaller -packet_size";
  return {};
}

}  // namespace wmpush::wmhttp
