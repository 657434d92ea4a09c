// wmpush send: a file or standard input, pushed in its own pace.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "asf/data_packet.hpp"
#include "asf/splitter.hpp"
#include "command.hpp"
#include "input.hpp"
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
  std::string input;
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
    self->progress.clear();
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
        buffer_(kBufferSize) {
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
    summary.input = arguments_.input;
    summary.server = sink_.publishing_point().server;
    summary.push_id = sink_.publishing_point().push_id;
    summary.stopped = stop_.requested();
    summary.stats = sink_.stats();
    if (arguments_.json) {
      std::printf("%s\n", json_text(summary).c_str());
      std::fflush(stdout);
    }
    if (!summary.error && (progress_.on_terminal() || arguments_.verbose))
      std::fprintf(stderr, "%s\n", plain_text(summary).c_str());
    return conclude("wmpush send", summary.error);
  }

 private:
  Error push() {
    if (Error error = input_.open(arguments_.input)) return error;
    // A file that is not ASF should not take a publishing point from anyone.
    if (input_.size())
      if (Error error = check_header()) return error;
    if (failed(sink_.Connect(arguments_.url))) return sink_.last_error();
    stop_.allow_wind_up();
    if (Error error = feed()) return abandon(std::move(error));
    if (!header_sent_) {
      static_cast<void>(sink_.Disconnect());
      return {Result::NS_E_SHUTDOWN, 0, 0,
              "stopped before the ASF header came: nothing was pushed"};
    }
    return failed(sink_.EndSession()) ? sink_.last_error() : Error{};
  }

  /// Reads as far as the header's end, and goes back to the start.
  Error check_header() {
    asf::Splitter splitter;
    while (true) {
      Input::Status status{};
      Bytes bytes;
      if (Error error = input_.read(buffer_, kSlice, status, bytes)) return error;
      if (status == Input::Status::End) return ended_early(splitter);
      Unit unit;
      if (Error error = splitter.next(bytes, unit)) return about_input(std::move(error));
      if (unit.kind == Kind::Header) return input_.rewind();
      if (stop_.requested())
        return {Result::NS_E_SHUTDOWN, 0, 0, "stopped before anything was pushed"};
    }
  }

  /// Pushes until the input ends, a signal comes or something fails.
  Error feed() {
    while (!stop_.requested()) {
      Input::Status status{};
      Bytes bytes;
      if (Error error = input_.read(buffer_, kSlice, status, bytes)) return error;
      if (status == Input::Status::End) {
        if (!header_sent_) return ended_early(splitter_);
        Error error = splitter_.finish();
        return error ? about_input(std::move(error)) : Error{};
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
      if (Error error = splitter_.next(bytes, unit)) return about_input(std::move(error));
      Result result = Result::S_OK;
      if (unit.kind == Kind::Header) {
        result = sink_.OnHeader(unit.bytes);
        header_sent_ = header_sent_ || succeeded(result);
      } else if (unit.kind == Kind::Packet) {
        result = arguments_.fast ? Result::S_OK : wait_for_turn(unit.bytes);
        if (stop_.requested() && succeeded(result)) return {};
        if (succeeded(result)) result = sink_.OnDataUnit(unit.bytes);
        draw();
      }
      if (failed(result)) return sink_.last_error();
    } while (unit.kind != Kind::None && !stop_.requested());
    return {};
  }

  /// Waits until the packet is due, and watches the connection meanwhile.
  Result wait_for_turn(Bytes packet) {
    asf::DataPacket parsed;
    if (!asf::DataPacket::parse(packet, parsed)) return Result::S_OK;
    const Clock::time_point due = schedule_.due(parsed.send_time, Clock::now());
    while (!stop_.requested()) {
      const Clock::time_point now = Clock::now();
      if (now >= due) break;
      const Result result = sink_.wait_until(std::min(due, now + kSlice));
      if (failed(result)) return result;
      draw();
    }
    return Result::S_OK;
  }

  Error ended_early(const asf::Splitter& splitter) const {
    if (input_.position() == 0)
      return {Result::NS_E_INVALID_DATA, 0, 0, input_.name() + " is empty"};
    if (Error error = splitter.finish()) return about_input(std::move(error));
    return {Result::NS_E_INVALID_DATA, 0, 0, input_.name() + " ends before its first data packet"};
  }

  Error about_input(Error error) const {
    error.message = input_.name() + ": " + error.message;
    return error;
  }

  /// A push that cannot go on: when it is not the server's doing, the server is told why.
  Error abandon(Error error) {
    if (sink_.stats().state != WMPUSH_STATE_FAILED && header_sent_)
      static_cast<void>(sink_.AbortSession(error.result));
    else
      static_cast<void>(sink_.Disconnect());
    return error;
  }

  void draw() {
    const Clock::time_point now = Clock::now();
    if (!progress_.due(now)) return;
    const wmpush_stats stats = sink_.stats();
    Progress progress{std::chrono::microseconds(stats.duration), stats.packets_sent,
                      stats.bytes_sent, std::nullopt};
    if (input_.size() && *input_.size() > 0)
      progress.done = std::min(
          1.0, static_cast<double>(stats.bytes_accepted) / static_cast<double>(*input_.size()));
    progress_.show(progress, now);
  }

  const SendArguments& arguments_;
  StopRequest stop_;
  ProgressLine progress_;
  LogOutput log_;
  std::vector<std::byte> buffer_;
  Input input_;
  asf::Splitter splitter_;
  Schedule schedule_;
  PushSink sink_;
  bool header_sent_ = false;
};

ExitStatus run_send(const Arguments& arguments) {
  const std::vector<std::string>& operands = arguments.operands();
  if (operands.size() > 2)
    return refuse_usage("wmpush send", "several files in a row (playlists) are not supported yet");
  if (operands.size() < 2)
    return refuse_usage("wmpush send", operands.empty() ? "a FILE (or - for standard input) and a "
                                                          "URL are needed"
                                                        : "a FILE (or -) and a URL are needed: one "
                                                          "of them is missing");
  PushOptions options;
  if (Error error = options.take(arguments)) return conclude("wmpush send", error);
  const SendArguments what{operands[0], operands[1], arguments.has("fast"), arguments.has("json"),
                           arguments.has("verbose")};
  return Sending(what, options).run();
}

}  // namespace

Command send_command() {
  Command command;
  command.name = "send";
  command.summary = "push an ASF or WMV file, or standard input";
  command.usage = {"FILE|- URL [--fast] [--json] [OPTION...]"};
  command.about =
      "Packets go out when their send times say; a gap of more than 30 s in the file\n"
      "is not waited for. The end is reported as a success only when the server has\n"
      "taken the end-of-stream.\n"
      "\n"
      "Ctrl-C (or SIGTERM) stops reading and ends the session: the exit status is 0\n"
      "when the server took the end-of-stream, 1 when it did not within 5 s. A second\n"
      "Ctrl-C gives up at once, with exit status 1. Input that breaks off in mid\n"
      "packet is pushed as far as it is whole; the exit status is then 1.\n"
      "\n"
      "A terminal shows media time, bit rate, packets and, for a file, how much of it\n"
      "is done; otherwise nothing is printed but warnings and the reason of a failure.\n";
  command.flags = {
      {"fast", "", "as fast as the network takes it, whatever the send times say"},
      {"json", "", "a summary as one JSON object on standard output at the end"},
      {"verbose", "", "the conversation with the server on standard error", 'v'},
  };
  command.push_options = true;
  command.examples =
      "  wmpush send film.wmv wmpush://server/live\n"
      "  ffmpeg -re -i film.mkv -f asf - | wmpush send - wmpush://server/live\n"
      "  wmpush send film.wmv wmpush://server/new --template_url /template --auto_destroy 1\n";
  command.run = run_send;
  return command;
}

}  // namespace wmpush::tool
