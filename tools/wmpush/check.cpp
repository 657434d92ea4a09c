// wmpush check: how a receiver behaves, found out by pushing silence to it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "command.hpp"
#include "core/log.hpp"
#include "core/printable.hpp"
#include "progress.hpp"
#include "pubpoint/web/json.hpp"
#include "push_options.hpp"
#include "receiver_check.hpp"
#include "secrets.hpp"
#include "stop_request.hpp"
#include "time_span.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::JsonObject;

constexpr const char* kName = "wmpush check";
constexpr std::chrono::seconds kLongestSilence = std::chrono::hours(24);

/// With --verbose the library's lines go to standard error, above the progress line.
struct LogOutput {
  ProgressLine& progress;
  bool verbose;

  static void take(void* opaque, wmpush_log_level, const char* line) {
    const auto* self = static_cast<const LogOutput*>(opaque);
    if (!self->verbose) return;
    self->progress.clear();
    std::fprintf(stderr, "%s: %s\n", kName, line);
  }
};

std::string what_it_does(const std::string& url, std::chrono::seconds silence) {
  return kName + std::string(" is going to push about ten short streams of silence to\n  ") +
         printable(url) +
         "\n"
         "An encoder that pushes there may be thrown out, whoever watches gets the silence, and\n"
         "what is recorded there gets ten recordings more. It tries sizes that some receivers\n"
         "break off at, and two encoders at the same time. Do that to a point that nobody needs\n"
         "now. It takes about " +
         std::to_string(15 + silence.count()) + " seconds.\n";
}

/// Whether a person at the terminal says yes.
bool is_agreed() {
  std::fputs("Go on? [y/N] ", stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// The URL with the options that were found to fit.
std::string url_with(const std::string& url, const std::vector<Advice>& advice) {
  std::string text = url;
  for (const Advice& one : advice) {
    text += text.find('?') == text.npos ? '?' : '&';
    text += one.option + "=" + one.value;
  }
  return text;
}

std::string plain_text(const std::string& url, const ReceiverCheck& check, bool finished) {
  std::string text = printable(url) + "\n";
  for (const Finding& finding : check.findings()) {
    std::string what = finding.what;
    std::ranges::replace(what, '_', ' ');
    text += "  " + what + std::string(14 - std::min<std::size_t>(13, what.size()), ' ') +
            Log().line(finding.text) + "\n";
  }
  if (check.advice().empty()) return text + (finished ? "It needs no options.\n" : "");
  text += "Options that fit it:\n";
  for (const Advice& one : check.advice())
    text += "  " + one.option + "=" + one.value + ": " + one.why + "\n";
  return text + "As a URL, in quotes for the shell:\n  '" +
         printable(url_with(url, check.advice())) + "'\n";
}

std::string json_text(const std::string& url, const ReceiverCheck& check, const Error& error) {
  char value[16];
  std::snprintf(value, sizeof value, "0x%08X", static_cast<unsigned>(error.result));
  JsonObject object;
  object.add("result", name(error.result)).add("value", value).add("message", error.message);
  object.add("url", url).add("server", check.publishing_point().server);
  std::vector<JsonObject> findings;
  for (const Finding& finding : check.findings())
    findings.emplace_back()
        .add("what", finding.what)
        .add("found", finding.found)
        .add("text", finding.text);
  std::vector<JsonObject> options;
  for (const Advice& one : check.advice())
    options.emplace_back().add("option", one.option).add("value", one.value).add("why", one.why);
  object.add("findings", findings).add("options", options);
  return object.text();
}

ExitStatus run_check(const Arguments& arguments) {
  if (arguments.operands().size() != 1)
    return refuse_usage(kName, "one URL is needed: wmpush://host/publishing-point");
  std::chrono::seconds silence{0};
  if (const auto text = arguments.value("silence");
      text && (!parse_time_span(*text, silence) || silence > kLongestSilence))
    return refuse_usage(kName, "--silence: '" + *text + "' is no time such as 75s or 2m");
  PushOptions options;
  if (Error error = options.take(arguments)) return conclude(kName, error);
  const std::string& given = arguments.operands().front();
  const std::string url = masked_url(given, is_secret_option);
  if (!arguments.has("yes")) {
    std::fputs(what_it_does(url, silence).c_str(), stderr);
    if (isatty(STDIN_FILENO) != 1)
      return refuse_usage(kName, "there is no terminal to ask on: --yes says that it may");
    if (!is_agreed()) return conclude(kName, {Result::NS_E_SHUTDOWN, 0, 0, "nothing was done"});
  }

  StopRequest stop;
  ProgressLine progress(STDERR_FILENO);
  LogOutput log{progress, arguments.has("verbose")};
  options->interrupt = StopRequest::interrupt;
  options->interrupt_opaque = &stop;
  options->log = LogOutput::take;
  options->log_opaque = &log;
  ReceiverCheck check(given, options.get(), silence,
                      [&](const std::string& what) { progress.say("trying " + what); });
  const Error error = check.run();
  progress.clear();
  if (arguments.has("json"))
    std::printf("%s\n", json_text(url, check, error).c_str());
  else if (!check.findings().empty())
    std::fputs(plain_text(url, check, !error).c_str(), stdout);
  std::fflush(stdout);
  return conclude(kName, error);
}

}  // namespace

Command check_command() {
  Command command;
  command.name = "check";
  command.summary = "find out how a receiver behaves, and which options fit it";
  command.usage = {"URL [--yes] [--silence TIME] [--json] [OPTION...]"};
  command.about =
      "Pushes about ten short streams of silence, each to see one thing: whether the\n"
      "receiver gives sessions ids, confirms the end of a stream, counts the length of\n"
      "a request, goes on at a second ASF header, which packets and headers are too\n"
      "large for it, and what becomes of two encoders. Then it names the options that\n"
      "fit.\n"
      "\n"
      "It disturbs the publishing point: a running push may be thrown out, and whoever\n"
      "watches gets the silence. So it says what it is going to do and asks; without a\n"
      "terminal it needs --yes. The exit status is 0 when it could be tried, whatever\n"
      "was found.\n";
  command.flags = {
      {"yes", "", "do not ask"},
      {"silence", "TIME",
       "also find out whether a push is dropped that is silent for so long, such as 75s"},
      {"json", "", "what was found as one JSON object"},
      {"verbose", "", "the conversation with the receiver on standard error", 'v'},
  };
  command.push_options = true;
  command.examples =
      "  wmpush check wmpush://relay:8080/test\n"
      "  wmpush check --yes --json --silence 75s wmpush://relay:8080/test\n";
  command.run = run_check;
  return command;
}

}  // namespace wmpush::tool
