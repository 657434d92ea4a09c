// wmpush send: files and standard input, one after another, pushed in their own pace.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <system_error>
#include <vector>

#include "asf/data_packet.hpp"
#include "asf/splitter.hpp"
#include "command.hpp"
#include "core/log.hpp"
#include "playlist.hpp"
#include "progress.hpp"
#include "push_options.hpp"
#include "schedule.hpp"
#include "secrets.hpp"
#include "stop_request.hpp"
#include "summary.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::tool {
namespace {

using Clock = std::chrono::steady_clock;
using Unit = asf::Splitter::Unit;
using Kind = asf::Splitter::Kind;

constexpr std::size_t kBufferSize = 64 * 1024;
/// How long a wait may last before the signals, the connection and the terminal are looked at.
constexpr std::chrono::milliseconds kSlice{50};

struct SendArguments {
  std::vector<std::string> inputs;
  std::string url;
  bool fast = false;
  bool json = false;
  bool verbose = false;
};

/// Where the lines of the library go: to standard error, above the progress line.
struct LogOutput {
  ProgressLine& progress;
  bool verbose;

  static void take(void* opaque, wmpush_log_level level, const char* line) {
    const auto* self = static_cast<const LogOutput*>(opaque);
    // An error is the command's last line; it is not said twice.
    if (level == WMPUSH_LOG_ERROR || (level > WMPUSH_LOG_WARNING && !self->verbose)) return;
    self->say(level, line);
  }

  void say(wmpush_log_level level, const char* line) const {
    progress.clear();
    std::fprintf(stderr, "wmpush send: %s%s\n", level == WMPUSH_LOG_WARNING ? "warning: " : "",
                 line);
  }
};

class Sending {
 public:
  Sending(const SendArguments& arguments, PushOptions& options)
      : arguments_(arguments),
        progress_(fileno(stderr)),
        log_{progress_, arguments.verbose},
        buffer_(kBufferSize),
        playlist_(arguments.inputs, options->fix_header != 0,
                  static_cast<std::size_t>(options->max_header)) {
    options->interrupt = StopRequest::interrupt;
    options->interrupt_opaque = &stop_;
    options->log = LogOutput::take;
    options->log_opaque = &log_;
    sink_ = PushSink(options.get());
  }

  ExitStatus run() {
    const Clock::time_point start = Clock::now();
    SendSummary summary;
    summary.error = push();
    progress_.clear();
    summary.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    summary.url = masked_url(arguments_.url, is_secret_option);
    summary.input = playlist_.entry().path;
    summary.entries = playlist_.entries();
    if (summary.error && sink_.stats().state != WMPUSH_STATE_ENDED)
      name_what_failed(summary.error, summary.entries);
    summary.server = sink_.publishing_point().server;
    summary.push_id = sink_.publishing_point().push_id;
    summary.stopped = stop_.requested();
    summary.stats = sink_.stats();
    if (arguments_.json)
      if (Error error = print(json_text(summary)); error && !summary.error)
        summary.error = std::move(error);
    if (!summary.error && (progress_.on_terminal() || arguments_.verbose))
      std::fprintf(stderr, "%s\n", plain_text(summary).c_str());
    return conclude("wmpush send", summary.error);
  }

 private:
  /// No entry of a session that failed counts as pushed.
  static void name_what_failed(const Error& error, std::vector<PlaylistEntry>& entries) {
    for (PlaylistEntry& entry : entries)
      if (!entry.error)
        entry.error = {error.result, 0, 0,
                       entry.begun ? "the push failed before its end was taken: " + error.message
                                   : "nothing of it was pushed: " + error.message};
  }

  /// A summary that a script waits for must not be lost without a word.
  static Error print(const std::string& text) {
    errno = 0;
    if (std::printf("%s\n", text.c_str()) >= 0 && std::fflush(stdout) == 0) return {};
    const int system_error = errno;
    return {Result::E_FAIL, 0, system_error,
            "the push has ended well, but its summary could not be written to standard output: " +
                std::generic_category().message(system_error)};
  }

  Error push() {
    // An input that is not ASF should not take a publishing point from anyone.
    if (Error error = playlist_.check([this] { return stop_.requested(); })) return error;
    if (failed(sink_.Connect(arguments_.url))) return sink_.last_error();
    stop_.allow_wind_up();
    Error unfinished;  // of the entry that the push ends with
    do {
      unfinished = push_entry();
      playlist_.entry().error = unfinished;
      if (unfinished && over()) {
        static_cast<void>(sink_.Disconnect());
        return unfinished;
      }
      if (unfinished && arguments_.inputs.size() > 1) warn(unfinished);
    } while (!stop_.requested() && playlist_.advance());

    if (!streaming_) {
      static_cast<void>(sink_.Disconnect());
      if (Error error = unfinished_entries()) return error;
      return {Result::NS_E_SHUTDOWN, 0, 0,
              "stopped before the ASF header came: nothing was pushed"};
    }
    progress_.say("waiting for the server to take the end of the stream");
    // When the last entry broke off, the server is told that the stream did.
    const Result end = unfinished ? sink_.AbortSession(unfinished.result) : sink_.EndSession();
    if (failed(end) && !unfinished) return sink_.last_error();
    return unfinished_entries();
  }

  /// Pushes an entry as far as it is whole; it may itself be several in a row.
  Error push_entry() {
    splitter_ = asf::Splitter(playlist_.limits());
    entry_starts_at_ = sink_.stats().bytes_accepted;
    entry_began_ = Clock::now();
    if (playlist_.number() > 1)
      if (Error error = playlist_.open()) return error;
    return feed();
  }

  /// The first entry that was not pushed whole, and how many there are of them.
  Error unfinished_entries() const {
    Error first;
    std::size_t count = 0;
    for (const PlaylistEntry& entry : playlist_.entries())
      if (entry.error && ++count == 1) first = entry.error;
    const std::size_t all = playlist_.entries().size();
    if (first && all > 1)
      first.message = std::to_string(count) + " of " + std::to_string(all) +
                      (count == 1 ? " inputs was not pushed whole: "
                                  : " inputs were not pushed whole, the first of them: ") +
                      first.message;
    return first;
  }

  void warn(const Error& error) const {
    const std::string line =
        Log().line(error.message +
                   (playlist_.on_last() || stop_.requested() ? "" : ": going on with the next"));
    log_.say(WMPUSH_LOG_WARNING, line.c_str());
  }

  /// The session has failed or was given up: there is nothing to go on with.
  bool over() const {
    const wmpush_state state = sink_.stats().state;
    return state == WMPUSH_STATE_FAILED || state == WMPUSH_STATE_ENDED;
  }

  /// Pushes until the input ends, a signal comes or something fails.
  Error feed() {
    while (!stop_.requested()) {
      Input::Status status{};
      Bytes bytes;
      if (Error error = playlist_.input().read(buffer_, kSlice, status, bytes)) return error;
      if (status == Input::Status::End) {
        if (!playlist_.entry().begun) return ended_early(playlist_.input(), splitter_);
        Error error = splitter_.finish();
        return error ? about(playlist_.input(), std::move(error)) : Error{};
      }
      // Nothing to send: the server may have something to say all the same.
      if (status == Input::Status::Idle && failed(sink_.write({}))) return sink_.last_error();
      if (Error error = feed(bytes)) return error;
      draw();
    }
    return {};
  }

  Error feed(Bytes bytes) {
    Unit unit;
    do {
      if (Error error = splitter_.next(bytes, unit)) {
        if (failed(send_ready())) return sink_.last_error();
        return about(playlist_.input(), std::move(error));
      }
      if (unit.kind == Kind::Header) {
        if (failed(send_ready())) return sink_.last_error();
        schedule_.begin_entry();
        if (failed(sink_.OnHeader(unit.bytes))) return sink_.last_error();
        streaming_ = playlist_.entry().begun = true;
      } else if (unit.kind == Kind::Packet) {
        if (!arguments_.fast && failed(wait_for_turn(unit.bytes))) return sink_.last_error();
        if (stop_.requested()) break;
        ready_.push_back(unit.bytes);
      }
      // Packets that are there at once leave together, as long as they stay where they are: what
      // the splitter has put together is gone with its next call.
      const bool stays =
          unit.kind == Kind::Packet && arguments_.fast && lies_in(buffer_, unit.bytes);
      if (!stays && failed(send_ready())) return sink_.last_error();
    } while (unit.kind != Kind::None && !stop_.requested());
    return failed(send_ready()) ? sink_.last_error() : Error{};
  }

  static bool lies_in(const std::vector<std::byte>& buffer, Bytes bytes) {
    const std::less_equal<const std::byte*> before;
    return before(buffer.data(), bytes.data()) &&
           before(bytes.data() + bytes.size(), buffer.data() + buffer.size());
  }

  Result send_ready() {
    if (ready_.empty()) return Result::S_OK;
    const std::size_t count = ready_.size();
    const Result result = sink_.OnDataUnits(ready_);
    ready_.clear();
    if (failed(result)) return result;
    playlist_.entry().packets += count;
    draw();
    return result;
  }

  /// Waits until the packet is due, and watches the connection meanwhile.
  Result wait_for_turn(Bytes packet) {
    asf::DataPacket parsed;
    if (!asf::DataPacket::parse(packet, parsed)) return Result::S_OK;
    const Clock::time_point due =
        schedule_.due(parsed.send_time, Clock::now(), std::chrono::milliseconds(parsed.duration));
    while (!stop_.requested()) {
      const Clock::time_point now = Clock::now();
      if (now >= due) break;
      const Result result = sink_.wait_until(std::min(due, now + kSlice));
      if (failed(result)) return result;
      draw();
    }
    return Result::S_OK;
  }

  void draw() {
    const Clock::time_point now = Clock::now();
    if (!progress_.due(now)) return;
    const wmpush_stats stats = sink_.stats();
    Progress progress;
    progress.media = std::chrono::microseconds(stats.duration);
    progress.packets = stats.packets_sent;
    progress.bytes = stats.bytes_sent;
    progress.dropped = stats.packets_dropped;
    // Counted at different moments, they need not add up.
    const std::uint64_t gone = stats.packets_sent + stats.packets_dropped;
    progress.waiting = stats.packets_accepted - std::min(stats.packets_accepted, gone);
    progress.reconnects = stats.reconnects;
    progress.reconnecting = stats.state == WMPUSH_STATE_RECONNECTING;
    const std::optional<std::uint64_t> size = playlist_.input().size();
    if (size && *size > 0) {
      progress.done = std::min(1.0, static_cast<double>(stats.bytes_accepted - entry_starts_at_) /
                                        static_cast<double>(*size));
      progress.left =
          time_left(*progress.done,
                    std::chrono::duration_cast<std::chrono::microseconds>(now - entry_began_));
    }
    if (arguments_.inputs.size() > 1)
      progress.entry =
          entry_text(playlist_.number(), arguments_.inputs.size(), playlist_.input().name());
    progress_.show(progress, now);
  }

  const SendArguments& arguments_;
  StopRequest stop_;
  ProgressLine progress_;
  LogOutput log_;
  std::vector<std::byte> buffer_;
  Playlist playlist_;
  asf::Splitter splitter_;
  std::vector<Bytes> ready_;  // packets to be sent
  Schedule schedule_;
  PushSink sink_;
  bool streaming_ = false;             // a header went out
  std::uint64_t entry_starts_at_ = 0;  // bytes of the entries before this one
  Clock::time_point entry_began_{};
};

/// Whether the operand is a URL that was meant to be pushed to, and no file.
bool names_push(const std::string& operand) {
  const std::size_t scheme = operand.find("://");
  if (scheme == operand.npos || operand.find_first_of("/.") < scheme) return false;
  std::error_code ignored;
  return !std::filesystem::exists(operand, ignored);
}

ExitStatus run_send(const Arguments& arguments) {
  const std::vector<std::string>& operands = arguments.operands();
  if (operands.size() < 2)
    return refuse_usage("wmpush send", operands.empty() ? "a FILE (or - for standard input) and a "
                                                          "URL are needed"
                                                        : "a FILE (or -) and a URL are needed: one "
                                                          "of them is missing");
  const std::vector<std::string> inputs(operands.begin(), operands.end() - 1);
  if (std::ranges::any_of(inputs, names_push))
    return refuse_usage("wmpush send",
                        "the URL comes last, and there is only one: wmpush send FILE... URL");
  if (std::count(inputs.begin(), inputs.end(), "-") > 1)
    return refuse_usage("wmpush send", "standard input (-) can be read only once");
  PushOptions options;
  if (Error error = options.take(arguments)) return conclude("wmpush send", error);
  const std::string_view congestion = options->congestion == nullptr ? "" : options->congestion;
  if (arguments.has("fast") && congestion == "drop")
    return refuse_usage("wmpush send",
                        "a file that is sent with --fast can wait for the network: leave out "
                        "--congestion drop");
  const SendArguments what{inputs, operands.back(), arguments.has("fast"), arguments.has("json"),
                           arguments.has("verbose")};
  return Sending(what, options).run();
}

}  // namespace

Command send_command() {
  Command command;
  command.name = "send";
  command.summary = "push ASF or WMV files, or standard input";
  command.guesses = {"push", "stream", "publish"};
  command.usage = {"{FILE|-}... URL [--fast] [--json] [OPTION...]"};
  command.about =
      "Packets go out when their send times say; a gap of more than 30 s in the file\n"
      "is not waited for. The end is reported as a success only when the server has\n"
      "taken the end-of-stream.\n"
      "\n"
      "Several files are a playlist: one push, in which each begins when the one\n"
      "before it is over. They may differ in streams, codecs and packet size. All are\n"
      "looked at before anything is sent: one that is not ASF is named, and nothing is\n"
      "pushed. One that breaks off or cannot be read later is pushed as far as it is\n"
      "whole, a warning names it, the next one follows, and the exit status is 1.\n"
      "\n"
      "Ctrl-C (or SIGTERM, SIGHUP) stops reading and ends the session: the exit status\n"
      "is 0 when the server took the end-of-stream, 1 when it did not within 5 s. A\n"
      "second Ctrl-C gives up at once, with exit status 1. Input that breaks off in mid\n"
      "packet is pushed as far as it is whole; the exit status is then 1, and the\n"
      "server is told so when nothing follows.\n"
      "\n"
      "A terminal shows media time, bit rate, packets and, for a file, how much of it\n"
      "is done, how long the rest takes, and which one of several; also packets that\n"
      "wait for the network or were dropped, and connections that were made again.\n"
      "Otherwise nothing is printed but warnings and the reason of a failure.\n";
  command.flags = {
      {"fast", "", "as fast as the network takes it, whatever the send times say"},
      {"json", "", "a summary as one JSON object on standard output at the end"},
      {"verbose", "", "the conversation with the server on standard error", 'v'},
  };
  command.push_options = true;
  command.examples =
      "  wmpush send film.wmv wmpush://server/live\n"
      "  wmpush send jingle.wmv film.wmv credits.asf wmpush://server/live\n"
      "  ffmpeg -re -i film.mkv -f asf - | wmpush send - wmpush://server/live\n"
      "  wmpush send film.wmv wmpush://server/new --template_url /template --auto_destroy 1\n";
  command.run = run_send;
  return command;
}

}  // namespace wmpush::tool
