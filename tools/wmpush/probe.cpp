// wmpush probe: what would answer a push, without pushing.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>

#include "command.hpp"
#include "core/log.hpp"
#include "core/printable.hpp"
#include "probe_advice.hpp"
#include "pubpoint/web/json.hpp"
#include "push_options.hpp"
#include "secrets.hpp"
#include "stop_request.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::JsonObject;

struct LogOutput {
  bool verbose;

  static void take(void* opaque, wmpush_log_level level, const char* line) {
    const auto* self = static_cast<const LogOutput*>(opaque);
    if (level == WMPUSH_LOG_ERROR || (level > WMPUSH_LOG_WARNING && !self->verbose)) return;
    std::fprintf(stderr, "wmpush probe: %s%s\n", level == WMPUSH_LOG_WARNING ? "warning: " : "",
                 line);
  }
};

/// What the product in a Server header is, as far as this protocol knows it.
std::string product_name(const std::string& server) {
  if (server.starts_with("Cougar/")) return " (Windows Media Services, or one that speaks like it)";
  if (server.starts_with("Rex/")) return " (Windows Media Encoder, or one that speaks like it)";
  return server.empty() ? "" : " (not a Windows Media server by its name)";
}

std::string version_of(const std::string& server) {
  const std::size_t slash = server.find('/');
  if (slash == server.npos) return {};
  return server.substr(slash + 1, server.find(' ', slash) - slash - 1);
}

std::string milliseconds(std::chrono::microseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms",
                std::chrono::duration<double, std::milli>(time).count());
  return text;
}

std::string plain_text(const std::string& url, const PublishingPointInfo& info) {
  char timeout[32];
  std::snprintf(timeout, sizeof timeout, "%g s",
                std::chrono::duration<double>(info.idle_timeout).count());
  const auto or_none = [](const std::string& text) {
    return text.empty() ? "none named" : printable(text);
  };
  return printable(url) + " accepts a push\n" +  //
         "  server      " + or_none(info.server) + product_name(info.server) + "\n" +
         "  address     " + printable(info.address) + (info.through_proxy ? " (the proxy)" : "") +
         "\n" +  //
         "  session id  " + (info.push_id.empty() ? "none given" : printable(info.push_id)) + "\n" +
         "  timeout     " + timeout + " without data" +
         (info.idle_timeout_given ? "" : " (the protocol's default: the server did not say)") +
         "\n" +  //
         "  features    " + or_none(info.supported) + "\n" + "  took        " +
         milliseconds(info.setup_time) + " to connect and set up\n";
}

std::string json_text(const std::string& url, const PublishingPointInfo& info, const Error& error,
                      const std::vector<std::string>& advice) {
  char value[16];
  std::snprintf(value, sizeof value, "0x%08X", static_cast<unsigned>(error.result));
  JsonObject object;
  object.add("result", name(error.result)).add("value", value).add("message", error.message);
  if (error.http_status != 0)
    object.add("http_status", static_cast<std::uint64_t>(error.http_status));
  else
    object.add_null("http_status");
  object.add("url", url).add("server", info.server).add("version", version_of(info.server));
  object.add("address", info.address).add("address_is_proxy", info.through_proxy);
  object.add("push_id", info.push_id);
  object.add("supported", info.supported);
  object.add("idle_timeout_seconds", std::chrono::microseconds(info.idle_timeout));
  object.add("idle_timeout_given", info.idle_timeout_given);
  object.add("setup_seconds", info.setup_time);
  std::vector<JsonObject> lines;
  for (const std::string& line : advice) lines.emplace_back().add("text", line);
  object.add("advice", lines);
  return object.text();
}

/// What a person can try, in front of the line that says what was wrong.
void print_advice(const std::vector<std::string>& advice) {
  if (advice.empty()) return;
  std::fputs("What to try:\n", stderr);
  for (const std::string& line : advice) std::fprintf(stderr, "  - %s\n", Log().line(line).c_str());
}

std::vector<std::string> advice_for(const Error& error, const std::string& url,
                                    const PushOptions& options) {
  const std::size_t host = url.find("://");
  const bool in_url =
      host != url.npos &&
      url.substr(host, url.find('/', host + 3) - host).find('@') != std::string::npos;
  return probe_advice(error, url, in_url || options.get().user != nullptr);
}

/// What --connect tells, and what it does not.
ExitStatus ask(const Arguments& arguments, const PushOptions& options) {
  const std::string& given = arguments.operands().front();
  const std::string url = masked_url(given, is_secret_option);
  ServerName name;
  Error error = ask_server_name(given, options.get(), name);
  if (error) error.message = printable(url) + ": " + error.message;
  if (arguments.has("json")) {
    char value[16];
    std::snprintf(value, sizeof value, "0x%08X", static_cast<unsigned>(error.result));
    JsonObject object;
    object.add("result", wmpush::name(error.result)).add("value", value);
    object.add("message", error.message).add("url", url).add("server", name.server);
    object.add("version", version_of(name.server)).add("address", name.address);
    object.add("address_is_proxy", name.through_proxy).add("setup_seconds", name.took);
    std::printf("%s\n", object.text().c_str());
  } else if (!error) {
    std::printf(
        "%s answers\n"
        "  server      %s%s\n"
        "  address     %s%s\n"
        "  took        %s to connect and answer\n"
        "Nothing was asked of the publishing point: whether it is there, is free and takes a push\n"
        "from you shows only a push, or a probe without --connect.\n",
        printable(url).c_str(), name.server.empty() ? "none named" : printable(name.server).c_str(),
        product_name(name.server).c_str(), printable(name.address).c_str(),
        name.through_proxy ? " (the proxy)" : "", milliseconds(name.took).c_str());
  }
  std::fflush(stdout);
  if (!arguments.has("json")) print_advice(advice_for(error, url, options));
  return conclude("wmpush probe", error);
}

ExitStatus run_probe(const Arguments& arguments) {
  if (arguments.operands().size() != 1)
    return refuse_usage("wmpush probe", "one URL is needed: wmpush://host/publishing-point");
  PushOptions options;
  if (Error error = options.take(arguments)) return conclude("wmpush probe", error);
  StopRequest stop;
  LogOutput log{arguments.has("verbose")};
  options->interrupt = StopRequest::interrupt;
  options->interrupt_opaque = &stop;
  options->log = LogOutput::take;
  options->log_opaque = &log;

  if (arguments.has("connect")) return ask(arguments, options);
  const std::string& given = arguments.operands().front();
  const std::string url = masked_url(given, is_secret_option);
  PushSink sink(options.get());
  const Error error = failed(sink.Connect(given)) ? sink.last_error() : Error{};
  const PublishingPointInfo info = sink.publishing_point();
  static_cast<void>(sink.Disconnect());
  const std::vector<std::string> advice = advice_for(error, url, options);

  if (arguments.has("json"))
    std::printf("%s\n", json_text(url, info, error, advice).c_str());
  else if (!error)
    std::fputs(plain_text(url, info).c_str(), stdout);
  std::fflush(stdout);
  if (!arguments.has("json")) print_advice(advice);
  return conclude("wmpush probe", error);
}

}  // namespace

Command probe_command() {
  Command command;
  command.name = "probe";
  command.summary = "ask a publishing point whether it would take a push";
  command.usage = {"URL [--connect] [--json] [OPTION...]"};
  command.about =
      "Sets a session up as a push would, tells what answered and how long it took,\n"
      "and disconnects without sending anything. The exit status is 0 when a push would\n"
      "have been accepted; where it would not, it says what to try.\n"
      "\n"
      "That is not harmless everywhere: one known receiver drops the running encoder\n"
      "when anyone sets up a session, another then waits for its stream for ever. To\n"
      "these only --connect is harmless: it connects and asks for the server's name,\n"
      "by a request that starts nothing, and cannot tell whether the publishing point\n"
      "is there, is free and takes a push from you.\n";
  command.flags = {
      {"connect", "", "only connect and ask for the server's name"},
      {"json", "", "the answer as one JSON object"},
      {"verbose", "", "the conversation with the server on standard error", 'v'},
  };
  command.push_options = true;
  command.examples =
      "  wmpush probe wmpush://server/live\n"
      "  wmpush probe --connect wmpush://relay:8080/\n";
  command.run = run_probe;
  return command;
}

}  // namespace wmpush::tool
