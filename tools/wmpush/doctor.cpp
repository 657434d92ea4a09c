// wmpush doctor: what usually goes wrong, looked at before it does.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "core/log.hpp"
#include "core/printable.hpp"
#include "program_run.hpp"
#include "push_options.hpp"
#include "secrets.hpp"
#include "stop_request.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::tool {
namespace {

constexpr const char* kName = "wmpush doctor";
/// For each program that is asked: ffmpeg on a slow disk takes seconds to load.
constexpr std::chrono::seconds kProgramTime{10};

class Doctor {
 public:
  Doctor(const Arguments& arguments, PushOptions& options)
      : options_(options), only_connects_(arguments.has("connect")) {
    options->interrupt = StopRequest::interrupt;
    options->interrupt_opaque = &stop_;
    if (!arguments.operands().empty()) url_ = arguments.operands().front();
  }

  ExitStatus run() {
    look_at_ffmpeg();
    look_at_proxies();
    if (!url_.empty()) look_at_server();
    std::fflush(stdout);
    if (stop_.requested()) return conclude(kName, {Result::NS_E_SHUTDOWN, 0, 0, "interrupted"});
    if (wrong_ == 0) return kSuccess;
    return conclude(
        kName, {Result::E_FAIL, 0, 0,
                std::to_string(wrong_) + (wrong_ == 1 ? " thing is wrong" : " things are wrong") +
                    ": the lines above say what to do"});
  }

 private:
  void tell(const char* how, std::string_view what, const std::string& text) {
    std::printf("%-6s %-12s %s\n", how, std::string(what).c_str(), Log().line(text).c_str());
    std::fflush(stdout);  // the next look may take its time
  }
  void good(std::string_view what, const std::string& text) { tell("good", what, text); }
  void note(std::string_view what, const std::string& text) { tell("note", what, text); }
  void wrong(std::string_view what, const std::string& text) {
    ++wrong_;
    tell("WRONG", what, text);
  }

  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
  static std::string last_line(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }

  void look_at_ffmpeg() {
    const char* named = std::getenv("WMPUSH_FFMPEG");
    const std::string name = named != nullptr && *named != '\0' ? named : "ffmpeg";
    const std::string ffmpeg = find_program(name);
    if (ffmpeg.empty())
      return wrong("ffmpeg", name +
                                 " is not there, or cannot be run: install ffmpeg, or name one "
                                 "in WMPUSH_FFMPEG");
    const ProgramRun version = ProgramRun::run({ffmpeg, "-version"}, kProgramTime);
    if (!version.failure.empty() || version.status != 0)
      return wrong("ffmpeg", version.failure.empty()
                                 ? ffmpeg + " -version has failed: " + last_line(version.output)
                                 : version.failure);
    const std::string line = first_line(version.output);
    good("ffmpeg", ffmpeg + ": " + line.substr(0, line.find(" Copyright")));
    look_at_libavformat(ffmpeg);
    look_at_preloading(ffmpeg);
    look_at_encoders(ffmpeg);
  }

  /// The preload object takes the place of functions in a shared library.
  void look_at_libavformat(const std::string& ffmpeg) {
    // What ldd does.
    const ProgramRun libraries =
        ProgramRun::run({ffmpeg, "-version"}, kProgramTime, {"LD_TRACE_LOADED_OBJECTS=1"});
    constexpr std::string_view kLibrary = "libavformat.so.";
    const std::size_t at = libraries.output.find(kLibrary);
    if (!libraries.failure.empty()) return wrong("libavformat", libraries.failure);
    if (at == std::string::npos)
      return wrong("libavformat", ffmpeg +
                                      " has no shared libavformat (a static build?): install the "
                                      "distribution's ffmpeg, or name one in WMPUSH_FFMPEG");
    std::string major;
    for (std::size_t i = at + kLibrary.size();
         i < libraries.output.size() &&
         std::isdigit(static_cast<unsigned char>(libraries.output[i])) != 0;
         ++i)
      major += libraries.output[i];
    good("libavformat", "version " + major + ", a shared library");
  }

  void look_at_preloading(const std::string& ffmpeg) {
    const std::string wrapper = find_program_beside("ffmpeg-wmpush");
    if (wrapper.empty())
      return wrong("preload",
                   "ffmpeg-wmpush is not there: build wmpush where FFmpeg's development files are "
                   "installed, and install it");
    const ProgramRun asked = ProgramRun::run({wrapper, "-hide_banner", "-h", "protocol=wmpush"},
                                             kProgramTime, {"WMPUSH_FFMPEG=" + ffmpeg});
    if (!asked.failure.empty()) return wrong("preload", asked.failure);
    if (asked.status != 0 || asked.output.find("connect_timeout") == std::string::npos)
      return wrong("preload", last_line(asked.output));
    good("preload", wrapper + " knows wmpush:// URLs");
  }

  void look_at_encoders(const std::string& ffmpeg) {
    const ProgramRun list = ProgramRun::run({ffmpeg, "-hide_banner", "-encoders"}, kProgramTime);
    if (!list.failure.empty()) return wrong("encoders", list.failure);
    std::string missing;
    for (const std::string name : {"wmv2", "wmav2"})
      if (list.output.find(" " + name + " ") == std::string::npos)
        missing += (missing.empty() ? "" : " and ") + name;
    if (!missing.empty())
      return wrong("encoders", ffmpeg + " cannot encode " + missing +
                                   ": take one that can, or push with -c copy what is encoded "
                                   "already");
    good("encoders", "wmv2 and wmav2");
  }

  void look_at_proxies() {
    bool any = false;
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}) {
      const char* value = std::getenv(name);
      if (value == nullptr || *value == '\0') continue;
      const bool is_proxy = std::string_view(name).starts_with("http") || name[0] == 'H';
      if (!is_proxy && !any) continue;  // an exception from nothing
      any = true;
      std::string shown = value;
      if (is_proxy) {
        // "user:password@host:port" is a proxy as well.
        const bool bare = shown.find("://") == shown.npos;
        shown = masked_url(bare ? "http://" + shown : shown, is_secret_option);
        if (bare) shown = shown.substr(7);
      }
      note("proxy", std::string(name) + "=" + shown + " is in the environment");
    }
    const char* capital = std::getenv("HTTP_PROXY");
    if (capital != nullptr && *capital != '\0' && std::getenv("http_proxy") == nullptr)
      note("proxy",
           "HTTP_PROXY is in the environment, and does not count: only http_proxy in "
           "small letters does");
    else if (!any)
      good("proxy", "none in the environment");
  }

  void look_at_server() {
    ServerName server;
    const Error error = ask_server_name(url_, options_.get(), server);
    switch (error.result) {
      case Result::E_INVALIDARG:
      case Result::NS_E_INVALID_NAME:
        return wrong("URL", error.message);
      case Result::NS_E_SERVER_NOT_FOUND:
        return wrong("name", error.message);
      case Result::NS_E_PROXY_NOT_FOUND:
        return wrong("proxy", error.message);
      case Result::NS_E_PUSH_CANNOTCONNECT:
        good("name", "has an address");
        return wrong("port", error.message);
      default:
        break;
    }
    if (!server.address.empty()) {
      good(server.through_proxy ? "proxy" : "name",
           (server.through_proxy ? "leads to the server: " : "has an address: ") + server.address);
      good("port", "takes a connection");
    }
    // Some servers know no OPTIONS, and take a push all the same.
    if (error && only_connects_ && error.result != Result::NS_E_CONNECTION_FAILURE)
      wrong("server", error.message);
    else if (error)
      note("server", error.message);
    else
      good("server", server.server.empty() ? "answers, and names itself not"
                                           : "answers as " + printable(server.server));
    if (only_connects_)
      return note("push", "not asked for: --connect leaves the publishing point alone");
    look_at_point();
  }

  void look_at_point() {
    PushSink sink(options_.get());
    const Error error = failed(sink.Connect(url_)) ? sink.last_error() : Error{};
    static_cast<void>(sink.Disconnect());
    switch (error.result) {
      case Result::NS_E_SERVER_ACCESSDENIED:
      case Result::NS_E_PROXY_ACCESSDENIED:
        return wrong("password", error.message);
      case Result::S_OK:
        good("password", options_->user != nullptr || has_user()
                             ? "accepted, or not asked for"
                             : "none given, and none asked for");
        return good("push", "the publishing point takes one");
      default:
        return wrong("push", error.message);
    }
  }

  bool has_user() const {
    const std::size_t host = url_.find("://");
    return host != url_.npos &&
           url_.substr(host + 3, url_.find('/', host + 3) - host - 3).find('@') != url_.npos;
  }

  StopRequest stop_;
  PushOptions& options_;
  const bool only_connects_;
  std::string url_;
  int wrong_ = 0;
};

ExitStatus run_doctor(const Arguments& arguments) {
  if (arguments.operands().size() > 1)
    return refuse_usage(kName, "one URL is enough: wmpush doctor wmpush://host/publishing-point");
  PushOptions options;
  if (Error error = options.take(arguments)) return conclude(kName, error);
  return Doctor(arguments, options).run();
}

}  // namespace

Command doctor_command() {
  Command command;
  command.name = "doctor";
  command.summary = "look for what usually goes wrong, and say what to do";
  command.guesses = {"diagnose"};
  command.usage = {"[URL] [--connect] [OPTION...]"};
  command.about =
      "One line for each thing that was looked at: whether ffmpeg is there, has a\n"
      "shared libavformat that this wmpush knows, and the encoders wmv2 and wmav2;\n"
      "which proxies are in the environment; and, with a URL, whether the name has an\n"
      "address, the port takes connections, and the publishing point takes a push with\n"
      "this user and password. The exit status is 0 when all is well.\n"
      "\n"
      "As 'wmpush probe' does, it sets a session up for that, which some receivers\n"
      "answer by throwing the running encoder out; --connect leaves that out.\n";
  command.flags = {
      {"connect", "", "of the server, only connect and ask for its name"},
  };
  command.push_options = true;
  command.examples =
      "  wmpush doctor\n"
      "  wmpush doctor wmpush://server/live --user studio --password_file secret\n";
  command.run = run_doctor;
  return command;
}

}  // namespace wmpush::tool
