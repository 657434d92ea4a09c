// wmpush serve: a publishing point to push to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "access_log.hpp"
#include "command.hpp"
#include "core/log.hpp"
#include "line_writer.hpp"
#include "listen_address.hpp"
#include "progress.hpp"
#include "pubpoint/server.hpp"
#include "pubpoint/supervisor.hpp"
#include "push_report.hpp"
#include "serve_access.hpp"
#include "serve_settings.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::SessionReport;

/// After a signal that ends it. The server itself waits for recordings for 5 s.
constexpr std::chrono::milliseconds kLongestStop{5500};

std::string start_text(const SessionReport& session) {
  return session.point + ": push " + session.push_id + " from " + session.peer + " started (" +
         session.user_agent + ")";
}

/// Of more recordings than these, only the first and the last are named.
constexpr std::size_t kMostNamed = 5;

/// Where the entries of a push are: a file for each, or more.
std::string recordings_text(const SessionReport& session) {
  const std::size_t count = session.recordings.size();
  if (count == 0) return {};
  std::string text = "; recorded in ";
  if (count > kMostNamed)
    return text + std::to_string(count) + " files: " + session.recordings.front().string() +
           " to " + session.recordings.back().string();
  if (count > 1) text += std::to_string(count) + " files: ";
  for (std::size_t i = 0; i < count; ++i)
    text += (i > 0 ? ", " : "") + session.recordings[i].string();
  return text;
}

std::string end_text(const SessionReport& session) {
  const double seconds = std::chrono::duration<double>(session.media).count();
  char duration[32];
  std::snprintf(duration, sizeof duration, "%.3f s", seconds);
  std::string text = session.point + ": push " + session.push_id + " from " + session.peer +
                     " ended: " + session.ended_because + "; " + std::to_string(session.packets) +
                     (session.packets == 1 ? " packet, " : " packets, ") +
                     std::to_string(session.bytes) + " bytes, " + duration;
  if (seconds > 0) text += ", " + bit_rate_text(8.0 * static_cast<double>(session.bytes) / seconds);
  if (!session.recording_error.empty() && session.recording_error != session.ended_because)
    text += "; not recorded whole: " + session.recording_error;
  return text + recordings_text(session);
}

Error check_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && access(folder.c_str(), W_OK | X_OK) != 0)
    error.assign(errno, std::generic_category());
  if (!error) return {};
  return {Result::E_FAIL, 0, error.value(),
          "cannot record into " + folder.string() + ": " + error.message()};
}

std::string listen_failure(const ServeSettings& settings, const pubpoint::ListenError& error) {
  const ListenAddress& address = error.tls() ? settings.tls_address : settings.address;
  const std::string flag = error.tls() ? "--tls_listen " : "--listen ";
  ListenAddress other = address;
  std::string remedy;
  if (error.code() == std::errc::address_in_use) {
    other.port = 0;
    remedy = "; stop what uses it, or choose another port (" + flag + other.text() +
             " takes any free one)";
  } else if (error.code() == std::errc::permission_denied) {
    other.port = error.tls() ? 8443 : 8080;
    remedy = "; ports below 1024 need privileges: try " + flag + other.text();
  } else if (error.code() == std::errc::address_not_available) {
    remedy = "; this machine has no such address: try " + flag +
             "'*:" + std::to_string(address.port) + "'";
  }
  return "cannot listen on " + address.text() + ": " + error.code().message() + remedy;
}

/// A viewer needs a descriptor; the system's soft limit is made for programs with few.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

constexpr const char* kName = "wmpush serve";

/// What a client sends behind its end is looked at for so long.
constexpr std::chrono::milliseconds kAfterEnd{250};
/// How often a push that is waited for, or runs, is left for a look at the signals.
constexpr std::chrono::milliseconds kLook{100};

/// The file for a report, there from the start: one that cannot be written is said at once.
class ReportFile {
 public:
  /// `name` empty: none. Returns an empty text, or one line that says why it cannot be written.
  std::string open(const std::string& name) {
    name_ = name;
    if (!name.empty()) file_.reset(std::fopen(name.c_str(), "we"));
    return file_ || name.empty() ? std::string() : wrong();
  }
  std::string write(const std::string& text) {
    if (!file_) return {};
    const bool written = std::fprintf(file_.get(), "%s\n", text.c_str()) >= 0;
    return std::fclose(file_.release()) == 0 && written ? std::string() : wrong();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string wrong() const {
    return "the report " + name_ + " cannot be written: " + std::strerror(errno);
  }

  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
};

/// Runs the server until a signal ends it.
class Serve {
 public:
  explicit Serve(const Arguments& arguments)
      : arguments_(arguments), on_terminal_(isatty(STDIN_FILENO) == 1) {}

  ExitStatus run(ServeSettings& settings) {
    access_log_ = settings.config.access_log;
    if (const std::string wrong = open_log(access_log_); !wrong.empty())
      return conclude(kName, {Result::E_FAIL, 0, 0, wrong});
    if (settings.once)
      if (const std::string wrong = report_file_.open(settings.once->report); !wrong.empty())
        return conclude(kName, {Result::E_FAIL, 0, errno, wrong});
    raise_descriptor_limit();
    if (!start(settings)) return kFailed;
    return settings.once ? run_once(settings.once->timeout) : run_until_signal();
  }

 private:
  static void say(LineWriter& to, const std::string& line) { to.write(Log().line(line)); }
  void warn(const std::string& text) { say(error_, std::string(kName) + ": " + text); }

  std::string open_log(const std::string& file) {
    int descriptor = -1;
    if (!file.empty())
      if (std::string wrong = open_access_log(file, descriptor); !wrong.empty()) return wrong;
    logs_access_ = descriptor >= 0;
    access_.go_on_with(descriptor);
    if (descriptor >= 0) close(descriptor);
    return {};
  }

  /// The signals come to run_until_signal() and nowhere else: no thread may start before.
  static sigset_t blocked_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
  }

  bool start(ServeSettings& read) {
    pubpoint::Settings settings = read.config.settings;
    settings.listener = supervisor_.listener(0);
    if (settings.tls) settings.tls_listener = supervisor_.listener(1);
    settings.on_start = [this](const SessionReport& session) { say(output_, start_text(session)); };
    settings.on_end = [this](const SessionReport& session) { say(output_, end_text(session)); };
    settings.log = [this](const std::string& line) { say(error_, line); };
    settings.on_request = [this](const pubpoint::RequestRecord& request) {
      if (logs_access_) access_.write(access_line(request));
    };
    try {
      server_.emplace(settings);
    } catch (const pubpoint::ListenError& error) {
      const bool handed_over = (error.tls() ? settings.tls_listener : settings.listener) >= 0;
      const std::string why = handed_over ? std::string(error.what()) : listen_failure(read, error);
      conclude(kName, {Result::E_FAIL, 0, error.code().value(), why});
      return false;
    }
    read.address.port = server_->port();
    const int used = settings.tls ? 2 : 1;
    if (supervisor_.listeners() > used)
      warn("of the " + std::to_string(supervisor_.listeners()) +
           " sockets that were handed over only the first " +
           (used == 1 ? "is" : "two are, the second for TLS,") + " listened on");
    if (const std::string warning =
            open_access_warning(settings, read.address.text(), read.tls_address.text());
        !warning.empty())
      warn(warning);
    for (const std::string& point : settings.points) {
      say(output_, server_->url(point));
      if (settings.tls) say(output_, server_->tls_url(point));
    }
    supervisor_.tell("READY=1");
    return true;
  }

  ExitStatus run_until_signal() {
    for (;;) {
      const int signal = next_signal();
      if (signal == SIGHUP && !terminal_has_gone()) {
        reload();
        continue;
      }
      break;
    }
    stop();
    return kSuccess;
  }

  /// The first push that has begun, once it is over and recorded.
  std::optional<SessionReport> first_push() const {
    for (const SessionReport& session : server_->sessions())
      if (session.push_starts > 0) return session;
    return std::nullopt;
  }

  /// What those who watch did wrong is no matter of the push.
  std::vector<pubpoint::Breach> push_breaches() const {
    std::vector<pubpoint::Breach> breaches = server_->breaches();
    std::erase_if(breaches, [](const auto& breach) { return breach.rule.starts_with('P'); });
    return breaches;
  }

  /// Whether a signal asks for the end; one that asks for a reload gets it.
  bool has_to_stop() {
    const timespec at_once{};
    for (;;) {
      const int signal = sigtimedwait(&signals_, nullptr, &at_once);
      if (signal <= 0) return false;
      if (signal != SIGHUP || terminal_has_gone()) return true;
      reload();
    }
  }

  /// Takes one push. A request that breaks a rule before one has begun was refused, and ends the
  /// waiting too: who is refused seldom comes back.
  ExitStatus run_once(std::chrono::seconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    PushReport report;
    const auto is_over = [this] {
      const auto push = first_push();
      return push ? !push->running : !push_breaches().empty();
    };
    while (!server_->wait_for(is_over, kLook)) {
      if (has_to_stop()) {
        report.nothing_came = "a signal came before a push";
        break;
      }
      if (first_push() || std::chrono::steady_clock::now() < deadline) continue;
      report.nothing_came = "no push began within " + std::to_string(timeout.count()) + " s";
      break;
    }
    const std::size_t seen = push_breaches().size();
    if (report.nothing_came.empty())
      server_->wait_for([&] { return push_breaches().size() > seen; }, kAfterEnd);
    stop();
    report.push = first_push();
    report.breaches = push_breaches();
    if (const std::string wrong = report_file_.write(report.json()); !wrong.empty())
      return conclude(kName, {Result::E_FAIL, 0, errno, wrong});
    if (report.status() == kSuccess)
      say(output_, report.text());
    else
      say(error_, std::string(kName) + ": " + report.text());
    return report.status();
  }

  void stop() {
    supervisor_.tell("STOPPING=1");
    // A second signal ends the process whatever is still being written.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    sigdelset(&signals_, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    // A disk or a server that is busy does not keep it either.
    std::thread([] {
      std::this_thread::sleep_for(kLongestStop);
      std::_Exit(kFailed);
    }).detach();
    server_->stop();
    if (const std::string met = server_->limits_met().text(); !met.empty())
      warn("limits that were met, and how often: " + met);
  }

  /// Waits for a signal, and tells the supervisor meanwhile that the server lives.
  int next_signal() {
    for (;;) {
      int signal = 0;
      if (!supervisor_.watchdog()) {
        if (sigwait(&signals_, &signal) == 0) return signal;
        continue;
      }
      const auto period = supervisor_.watchdog()->count();
      const timespec limit{static_cast<std::time_t>(period / 1'000'000),
                           static_cast<long>(period % 1'000'000 * 1000)};
      signal = sigtimedwait(&signals_, nullptr, &limit);
      if (signal > 0) return signal;
      server_->points();  // asked of the server's thread: one that hangs tells nothing
      supervisor_.tell("WATCHDOG=1");
    }
  }

  /// Whoever closes the window of a server means it to end.
  bool terminal_has_gone() const { return on_terminal_ && isatty(STDIN_FILENO) == 0; }

  void reload() {
    supervisor_.tell_reloading();
    ServeSettings settings;
    std::string wrong = read_serve(arguments_, settings);
    // Whoever moves logs away wants new ones, whatever is wrong elsewhere.
    const std::string log = wrong.empty() ? settings.config.access_log : access_log_;
    if (const std::string unopened = open_log(log); unopened.empty())
      access_log_ = log;
    else
      warn(unopened + "; it stays what it was");
    if (wrong.empty()) {
      const std::string kept = server_->reload(settings.config.settings);
      warn("read again what may change" + (kept.empty() ? "" : "; this needs a restart: " + kept));
    } else {
      warn("not reloaded, all stays as it was: " + wrong);
    }
    supervisor_.tell("READY=1");
  }

  sigset_t signals_ = blocked_signals();
  const Arguments& arguments_;
  const bool on_terminal_;
  pubpoint::Supervisor supervisor_;
  std::string access_log_;
  ReportFile report_file_;
  LineWriter output_{STDOUT_FILENO};
  LineWriter error_{STDERR_FILENO};
  LineWriter access_{-1};
  std::atomic<bool> logs_access_ = false;
  std::optional<pubpoint::Server> server_;  // goes first: it has lines to say
};

/// What --check says when nothing is wrong.
ExitStatus say_all_is_well(const Arguments& arguments, const ServeSettings& settings) {
  const auto& its = settings.config.settings;
  if (const std::string warning =
          open_access_warning(its, settings.address.text(), settings.tls_address.text());
      !warning.empty())
    std::fprintf(stderr, "%s: %s\n", kName, Log().line(warning).c_str());
  const std::string what = arguments.value("config").value_or("the command line");
  std::puts(Log().line(what + ": all is well").c_str());
  return std::fflush(stdout) == 0 ? kSuccess : kFailed;
}

ExitStatus run_serve(const Arguments& arguments) {
  ServeSettings settings;
  if (const std::string wrong = read_serve(arguments, settings); !wrong.empty())
    // Of a file the help of the command says nothing.
    return arguments.has("config") ? conclude(kName, {Result::E_INVALIDARG, 0, 0, wrong})
                                   : refuse_usage(kName, wrong);
  if (arguments.has("check")) return say_all_is_well(arguments, settings);
  if (const auto& folder = settings.config.settings.record; !folder.empty())
    if (Error error = check_folder(folder)) return conclude(kName, error);
  return Serve(arguments).run(settings);
}

}  // namespace

Command serve_command() {
  Command command;
  command.name = "serve";
  command.summary = "be a publishing point that can be pushed to";
  command.guesses = {"server", "listen", "receive"};
  command.usage = {
      "[--listen HOST:PORT] [--record DIR | --discard] [--point NAME...] [--user NAME | --users "
      "FILE]",
      "--once [--report FILE] [--timeout TIME] [OPTION...]", "--config FILE [--check]"};
  command.about =
      "Prints the URLs to push to, one in a line, then one line for each push that\n"
      "starts or ends. What a client does wrong goes to standard error, with the id of\n"
      "the protocol rule that it breaks. Ctrl-C (or SIGTERM) ends running pushes,\n"
      "finishes their recordings and exits with status 0. SIGHUP reads the\n"
      "configuration, the users and their rights again, without dropping anyone.\n"
      "\n"
      "With --once it takes one push and exits, for tests of what pushes: status 0\n"
      "when the push was whole and kept every rule, 3 when it broke rules (or was\n"
      "refused for that before it began), 4 when none came within --timeout or it broke\n"
      "off, and 1 when only its recording is not whole. --report has it as JSON: the\n"
      "push's numbers, the rules that were kept and broken, and each breach.\n";
  command.flags = {
      {"listen", "HOST:PORT",
       "where to listen; HOST is an address, [::1] for IPv6, or * for every IPv4 address of the "
       "machine; port 0 takes any free one (default 127.0.0.1:8080)"},
      {"tls_listen", "HOST:PORT",
       "where to listen for pushes, players and pages over TLS (default: the host of --listen, "
       "port 8443)"},
      {"tls_cert", "FILE",
       "listen for TLS as well, with the certificate in this file of PEM, and what leads to its "
       "authority; SIGHUP reads it again"},
      {"tls_key", "FILE",
       "file of PEM with the key, without a passphrase (default: it is in --tls_cert)"},
      {"config", "FILE",
       "read this file of TOML as well; wmpush.toml.example names every key. SIGHUP reads it "
       "again"},
      {"once", "", "take one push, say what was wrong with it, and exit"},
      {"report", "FILE", "with --once: write what became of the push to FILE, as one JSON object"},
      {"timeout", "TIME",
       "with --once: how long nothing may come, before the push, in it, or after a lost "
       "connection: "
       "90s, 30m, 2h (default 60s)"},
      {"check", "", "say what is wrong with the configuration, or that all is well, and exit"},
      {"record", "DIR", "record each push in a file of its own in DIR, which is made"},
      {"record_name", "NAME",
       "what a file is called, without .asf: {point}, {date}, {time} (UTC) and {entry} are filled "
       "in (default {point}-{date}-{time})"},
      {"record_size", "BYTES", "begin a new file at the next key frame after so many bytes"},
      {"record_time", "MS", "begin a new file at the next key frame after so many milliseconds"},
      {"record_free", "BYTES",
       "record no further when fewer bytes are free on the disk (default 268435456)"},
      {"record_files", "NUMBER",
       "write so many recordings at the same time, and record no push beyond them (default 256)"},
      {"record_required", "", "end a push that cannot be recorded: 507 without space, else 503"},
      {"point", "NAME", "a publishing point; may be repeated (default live)", '\0', true},
      {"relay", "URL",
       "push on to another server what is received; may be repeated. For several points, and a "
       "password, see [[point]] in wmpush.toml.example",
       '\0', true},
      {"origin", "URL",
       "show what another server shows at this http:// or https:// URL: it is pulled once, while "
       "somebody watches here"},
      {"hls", "off|copy|transcode",
       "let browsers watch, by HLS, which FFmpeg's program makes while somebody asks: copy what is "
       "pushed as H.264 and AAC, or transcode anything else (default off)"},
      {"takeover", "refuse|newer",
       "of two pushes to one point: refuse the newer (default), or let the newer take over"},
      {"fallback", "FILE",
       "an ASF file that is shown, over and over, while nobody pushes; best with the streams of "
       "the "
       "pushes, as the same encoder writes them"},
      {"on_push", "HOOK",
       "ask whether a push may begin: HOOK is an http:// or https:// URL that JSON is posted to, "
       "or "
       "a program with its arguments that reads the same on its standard input. A status of 2xx, "
       "or exit status 0, lets it in; no answer within 5 s does not"},
      {"on_push_end", "HOOK", "tell when that push is over"},
      {"on_watch", "HOOK", "ask whether somebody may watch"},
      {"on_record", "HOOK", "tell when a recording is finished, and where it is"},
      {"access_log", "FILE",
       "add a line for each request that is over, in Apache's combined format; SIGHUP opens it "
       "again"},
      {"discard", "", "read what comes and forget it, for measurements"},
  };
  const std::vector<Flag> access = access_flags();
  command.flags.insert(command.flags.end() - 1, access.begin(), access.end());
  command.examples =
      "  wmpush serve --record received\n"
      "  wmpush serve --listen '*:80' --point live --point studio\n"
      "  wmpush serve --listen '*:80' --tls_listen '*:443' --tls_cert chain.pem --tls_key key.pem\n"
      "  wmpush serve --listen '*:80' --hls transcode\n"
      "  wmpush serve --config wmpush.toml --check\n"
      "  wmpush serve --once --listen 127.0.0.1:0 --report push.json --timeout 20s\n"
      "  wmpush serve --user studio --password_file secret\n"
      "  wmpush serve --users users --grant 'ali:push:/live' --grant '*:watch:*'\n";
  command.run = run_serve;
  return command;
}

}  // namespace wmpush::tool
