#include "receiver_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>
#include <utility>

#include "core/printable.hpp"
#include "silent_stream.hpp"

namespace wmpush::tool {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// After what a receiver may not like, it gets so long to show it.
constexpr milliseconds kSettle{500};
/// A receiver may need so long behind one push before it takes the next.
constexpr milliseconds kAgain{6000};
constexpr milliseconds kBetweenTries{250};
constexpr std::size_t kPackets = 3;

/// What is tried of sizes, the largest first: what the protocol allows, and what is known of
/// others.
constexpr std::array<std::size_t, 4> kHeaders{65531, 32768, 16384, 8192};
constexpr std::array<std::size_t, 4> kPacketSizes{65535, 32768, 16384, 8192};

/// The length of the PushStarts that is used up on purpose, and how long an answer may take at
/// most.
constexpr std::int64_t kLength = 16'000;
constexpr std::int64_t kRollover = 2'000'000;
/// The library's warning when no answer comes.
constexpr std::string_view kNotCounted = "when the length of a PushStart was used up";

std::string seconds_text(milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

bool refuses_for_now(const Error& error) {
  switch (error.result) {
    case Result::NS_E_PUSH_CANNOTCONNECT:
    case Result::NS_E_CONNECTION_FAILURE:
    case Result::NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME:
    case Result::NS_E_INVALID_PUSH_PUBLISHING_POINT:
    case Result::NS_E_SERVER_UNAVAILABLE:
      return true;
    default:
      return false;
  }
}

}  // namespace

/// One push: what is sent, and how.
struct ReceiverCheck::Plan {
  std::size_t header = SilentStream::kSmallestHeader;
  std::size_t packet_size = SilentStream::kPacketSize;
  std::size_t packets = kPackets;
  unsigned entries = 1;
  std::chrono::milliseconds silence{0};
  bool strict_end = false;
  std::int64_t content_length = 0;
};

/// What became of it.
struct ReceiverCheck::Trial {
  Error error;
  bool connected = false;  ///< the session was accepted
  bool ending = false;     ///< the stream itself went well
  bool end_confirmed = false;
  std::string lines;  ///< of the library's log
  PublishingPointInfo point;
};

namespace {

/// A sink whose log is kept, and handed on.
class LoggedSink {
 public:
  explicit LoggedSink(wmpush_options options) : log_(options.log), log_opaque_(options.log_opaque) {
    options.log = take;
    options.log_opaque = this;
    sink = PushSink(options);
  }
  LoggedSink(const LoggedSink&) = delete;
  LoggedSink& operator=(const LoggedSink&) = delete;

  PushSink sink;
  std::string lines;

 private:
  static void take(void* opaque, wmpush_log_level level, const char* line) {
    auto* self = static_cast<LoggedSink*>(opaque);
    if (level <= WMPUSH_LOG_WARNING) self->lines += std::string(line) + "\n";
    if (self->log_ != nullptr) self->log_(self->log_opaque_, level, line);
  }

  wmpush_log_callback log_;
  void* log_opaque_;
};

/// Sends an entry, and waits for what the receiver makes of it.
Error send_entry(PushSink& sink, SilentStream& stream, std::size_t header, std::size_t packets) {
  if (failed(sink.OnHeader(stream.header(header)))) return sink.last_error();
  for (std::size_t i = 0; i < packets; ++i)
    if (failed(sink.OnDataUnit(stream.packet()))) return sink.last_error();
  return failed(sink.wait_until(Clock::now() + kSettle)) ? sink.last_error() : Error{};
}

/// Whether a push that runs goes on.
Error go_on(PushSink& sink, SilentStream& stream) {
  for (int i = 0; i < 2; ++i) {
    if (failed(sink.OnDataUnit(stream.packet()))) return sink.last_error();
    if (failed(sink.wait_until(Clock::now() + kSettle / 2))) return sink.last_error();
  }
  return {};
}

}  // namespace

ReceiverCheck::ReceiverCheck(std::string url, const wmpush_options& options,
                             std::chrono::seconds silence, Progress progress)
    : url_(std::move(url)), options_(options), silence_(silence), progress_(std::move(progress)) {
  // What is sent is to arrive as it is, and a loss is to show.
  options_.fix_header = 0;
  options_.strip_padding = 0;
  options_.reconnect = 0;
  options_.congestion = nullptr;
}

Error ReceiverCheck::connect(PushSink& sink) const {
  const Clock::time_point until = Clock::now() + kAgain;
  for (;;) {
    if (succeeded(sink.Connect(url_))) return {};
    const Error error = sink.last_error();
    if (!taken_once_ || !refuses_for_now(error) || Clock::now() >= until) return error;
    if (options_.interrupt != nullptr && options_.interrupt(options_.interrupt_opaque) != 0)
      return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted"};
    std::this_thread::sleep_for(kBetweenTries);
  }
}

ReceiverCheck::Trial ReceiverCheck::push(const Plan& plan) {
  wmpush_options options = options_;
  options.strict_end = plan.strict_end ? 1 : 0;
  if (plan.content_length != 0) {
    options.content_length = plan.content_length;
    options.rollover_timeout = std::min(kRollover, options_.rollover_timeout);
  }
  LoggedSink logged(options);
  PushSink& sink = logged.sink;
  Trial trial;
  const auto go = [&]() -> Error {
    if (Error error = connect(sink)) return error;
    trial.connected = true;
    SilentStream stream(plan.packet_size);
    for (unsigned entry = 0; entry < plan.entries; ++entry)
      if (Error error = send_entry(sink, stream, plan.header, plan.packets)) return error;
    if (plan.silence.count() > 0) {
      if (failed(sink.wait_until(Clock::now() + plan.silence))) return sink.last_error();
      if (Error error = go_on(sink, stream)) return error;
    }
    trial.ending = true;
    return failed(sink.EndSession()) ? sink.last_error() : Error{};
  };
  trial.error = go();
  trial.end_confirmed = sink.stats().end_confirmed != 0;
  trial.point = sink.publishing_point();
  static_cast<void>(sink.Disconnect());
  trial.lines = std::move(logged.lines);
  note_interruption(trial.error);
  return trial;
}

void ReceiverCheck::found(std::string what, std::string value, std::string text) {
  // What a push that was interrupted came to says nothing of the receiver.
  if (!interrupted_) findings_.push_back({std::move(what), std::move(value), std::move(text)});
}

void ReceiverCheck::advise(std::string option, std::string value, std::string why) {
  const bool known =
      std::ranges::any_of(advice_, [&](const Advice& advice) { return advice.option == option; });
  if (!interrupted_ && !known)
    advice_.push_back({std::move(option), std::move(value), std::move(why)});
}

void ReceiverCheck::note_interruption(const Error& error) {
  if (error.result == Result::NS_E_SHUTDOWN) interrupted_ = error;
}

void ReceiverCheck::not_tried(const char* what, const Error& error) {
  found(what, "unknown", "could not be tried: " + error.message);
}

bool ReceiverCheck::begin(const char* what) {
  if (interrupted_) return false;
  progress_(what);
  return true;
}

Error ReceiverCheck::run() {
  if (Error error = try_plain_push()) return error;
  // What a receiver may be left in disorder by comes last.
  try_length();
  try_next_entry();
  try_packet();
  try_header();
  try_second_encoder();
  try_silence();
  return interrupted_;
}

Error ReceiverCheck::try_plain_push() {
  begin("a plain push, twice");
  Plan plan;
  plan.strict_end = true;
  Trial first = push(plan);
  if (first.error.result == Result::NS_E_INCOMPATIBLE_PUSH_SERVER && options_.strict_server != 0) {
    options_.strict_server = 0;
    const Error error = first.error;
    first = push(plan);
    if (first.connected)
      advise("strict_server", "0", "its name is none of a Windows Media server's");
    else
      first.error = error;
  }
  point_ = first.point;
  const bool bad_answer = first.ending && first.error && first.error.http_status != 0;
  if (first.error && !bad_answer) return first.error;
  taken_once_ = true;

  found("server", point_.server.empty() ? "none" : point_.server,
        point_.server.empty() ? "does not say what it is" : printable(point_.server));
  Trial second = push({});
  if (second.error) return second.error;
  const std::string& id = point_.push_id;
  if (id.empty() || id == "0") {
    found("session_id", "none", "gives none: a lost connection is followed by a new session");
  } else if (id == second.point.push_id) {
    found("session_id", "same", "gives every push the same, and may not check it");
    advise("resume", "never",
           "a session that is resumed may have no header; matters with reconnect=1");
  } else {
    found("session_id", "new", "gives each push one of its own");
  }
  found("idle_timeout", std::to_string(point_.idle_timeout.count()),
        (point_.idle_timeout_given ? "drops a push that is silent for "
                                   : "does not say; the protocol has ") +
            seconds_text(point_.idle_timeout));

  if (bad_answer) {
    const std::string status = std::to_string(first.error.http_status);
    found("end", status, "answers the end of the stream with an error, " + status);
    advise("strict_end", "0", "a whole push would count as failed");
  } else if (first.end_confirmed) {
    found("end", "confirmed", "confirms the end of the stream");
  } else {
    found("end", "unconfirmed",
          "does not confirm the end of the stream: a push ends well after two seconds, with a "
          "warning");
  }
  return {};
}

void ReceiverCheck::try_length() {
  if (!begin("the length of a request")) return;
  Plan plan;
  plan.content_length = kLength;
  plan.packets = 2 * static_cast<std::size_t>(kLength) / SilentStream::kPacketSize;
  const Trial trial = push(plan);
  if (!trial.connected) return not_tried("length", trial.error);
  const bool silent = trial.lines.find(kNotCounted) != std::string::npos ||
                      trial.error.message.find(kNotCounted) != std::string::npos;
  if (silent) {
    found("length", "not counted",
          std::string("does not count the length of a request: after 2 GiB the push goes on in a "
                      "new session") +
              (trial.error ? ", which failed here: " + trial.error.message : ""));
    advise("rollover_timeout", "2", "no answer comes that is worth a longer wait");
  } else if (trial.error) {
    found("length", "fails",
          "breaks off where the length of a request ends: " + trial.error.message);
    advise("reconnect", "1", "a push of more than 2 GiB then goes on");
  } else {
    found("length", "counted", "counts the length of a request, and answers at its end");
  }
}

void ReceiverCheck::try_next_entry() {
  if (!begin("a playlist of two entries")) return;
  Plan plan;
  plan.entries = 2;
  const Trial trial = push(plan);
  if (!trial.connected) return not_tried("playlist", trial.error);
  if (trial.error)
    found("playlist", "fails",
          "breaks off at a second ASF header: join the inputs instead of pushing a playlist");
  else
    found("playlist", "taken",
          "goes on at a second ASF header; whether its players get it shows only there");
}

void ReceiverCheck::try_packet() {
  if (!begin("large packets")) return;
  Error first;
  for (const std::size_t size : kPacketSizes) {
    if (interrupted_) return;
    Plan plan;
    plan.packet_size = size;
    const Trial trial = push(plan);
    if (!trial.error)
      return found("packet", std::to_string(size),
                   "takes packets of " + std::to_string(size) + " bytes" +
                       (first ? ", and larger ones not: keep ffmpeg's -packet_size below" : ""));
    if (!trial.connected) return not_tried("packet", trial.error);
    first = trial.error;
  }
  found("packet", "less",
        "takes no packets of " + std::to_string(kPacketSizes.back()) +
            " bytes: keep ffmpeg's -packet_size at its 3200");
}

void ReceiverCheck::try_header() {
  if (!begin("large headers")) return;
  bool refused = false;
  for (const std::size_t size : kHeaders) {
    if (interrupted_) return;
    Plan plan;
    plan.header = size;
    const Trial trial = push(plan);
    if (!trial.error) {
      const std::string number = std::to_string(size);
      if (refused) advise("max_header", number, "it breaks off at a larger ASF header");
      return found("header", number,
                   "takes an ASF header of " + number + " bytes" +
                       (refused ? ", and a larger one not" : ", the most that there can be"));
    }
    if (!trial.connected) return not_tried("header", trial.error);
    refused = true;
  }
  const std::string least = std::to_string(kHeaders.back() / 2);
  advise("max_header", least, "it breaks off at a larger ASF header");
  found("header", "less", "takes no ASF header of " + std::to_string(kHeaders.back()) + " bytes");
}

void ReceiverCheck::try_second_encoder() {
  if (!begin("a second encoder")) return;
  wmpush_options options = options_;
  options.strict_end = 0;
  LoggedSink first(options);
  if (Error error = connect(first.sink)) return not_tried("second_push", error);
  SilentStream its_stream;
  if (Error error = send_entry(first.sink, its_stream, SilentStream::kSmallestHeader, kPackets))
    return not_tried("second_push", error);

  LoggedSink second(options);
  SilentStream other_stream;
  const bool let_in = succeeded(second.sink.Connect(url_));
  const Error refused = let_in ? Error{} : second.sink.last_error();
  Error lost = go_on(first.sink, its_stream);
  note_interruption(lost);
  note_interruption(refused);
  if (lost)
    found("second_setup", "drops",
          "drops the running push when another encoder asks to push: do not probe while one "
          "pushes");
  else
    found("second_setup", "harmless", "goes on with the running push when another encoder asks");
  Error broke_off = refused;
  if (let_in) {
    broke_off = send_entry(second.sink, other_stream, SilentStream::kSmallestHeader, kPackets);
    if (!lost) lost = go_on(first.sink, its_stream);
    if (!broke_off) broke_off = go_on(second.sink, other_stream);
  }
  note_interruption(lost);
  note_interruption(broke_off);
  if (lost && broke_off)
    found("second_push", "neither", "drops both of two encoders: " + broke_off.message);
  else if (lost)
    found("second_push", "takes over", "a second encoder takes the place of the first");
  else if (broke_off)
    found("second_push", "refused",
          std::string("refuses a second encoder") + (let_in ? ", once it sends" : "") + ": " +
              broke_off.message);
  else
    found("second_push", "both", "lets two encoders push at the same time");
  for (LoggedSink* sink : {&second, &first}) {
    static_cast<void>(sink->sink.EndSession());
    static_cast<void>(sink->sink.Disconnect());
  }
}

void ReceiverCheck::try_silence() {
  if (silence_.count() == 0)
    return found("silence", "not tried", "was not tried: --silence 75s finds out");
  const std::string time = seconds_text(silence_);
  if (!begin(("a push that is silent for " + time).c_str())) return;
  Plan plan;
  plan.silence = silence_;
  const Trial trial = push(plan);
  if (!trial.connected) return not_tried("silence", trial.error);
  if (!trial.error) return found("silence", "stays", "keeps a push that is silent for " + time);
  found("silence", "dropped", "drops a push that is silent for " + time);
  advise("reconnect", "1", "a push goes on after a silence for which it was dropped");
}

}  // namespace wmpush::tool
