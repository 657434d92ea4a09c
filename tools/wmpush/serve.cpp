// wmpush serve: a publishing point to push to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "command.hpp"
#include "core/log.hpp"
#include "listen_address.hpp"
#include "progress.hpp"
#include "pubpoint/record/recording_name.hpp"
#include "pubpoint/server.hpp"
#include "serve_access.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::SessionReport;

/// One line, in one piece: a reader may be waiting for it.
void print_line(std::FILE* to, const std::string& line) {
  std::fputs((Log().line(line) + "\n").c_str(), to);
  std::fflush(to);
}

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

/// A number from 0 to `largest`; nothing when it is not one.
std::optional<std::uint64_t> number(const std::string& text, std::uint64_t largest) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value > largest) return std::nullopt;
  return value;
}

/// What --record and the options around it say; a text when that cannot be followed.
std::string read_recording(const Arguments& arguments, pubpoint::Settings& settings) {
  const auto folder = arguments.value("record");
  if (!folder) {
    for (const char* name :
         {"record_name", "record_size", "record_time", "record_free", "record_required"})
      if (arguments.has(name)) return std::string("--") + name + " needs a --record";
    return {};
  }
  if (settings.discard) return "--record and --discard exclude each other";
  if (folder->empty()) return "--record needs a folder";
  settings.record = *folder;
  settings.record_required = arguments.has("record_required");
  if (const auto name = arguments.value("record_name")) {
    if (std::string wrong = pubpoint::check_recording_name(*name); !wrong.empty()) return wrong;
    settings.record_name = *name;
  }
  std::uint64_t time = 0;
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  for (const auto& [name, value] : {std::pair{"record_size", &settings.record_size},
                                    {"record_time", &time},
                                    {"record_free", &settings.record_free}}) {
    const auto text = arguments.value(name);
    if (!text) continue;
    const auto read = number(*text, kLargest);
    if (!read)
      return std::string("--") + name + " needs a whole number, and '" + *text + "' is none";
    *value = *read;
  }
  settings.record_time = std::chrono::milliseconds(time);
  return {};
}

/// "/live" for "live" and "/live"; empty when it cannot be the path of a URL.
std::string point_path(const std::string& name) {
  const std::string path = name.starts_with('/') ? name : "/" + name;
  for (const char c : path)
    if (c <= ' ' || c == '?' || c == '#' || c == '"' || c == 0x7F) return {};
  return path.size() > 1 ? path : std::string();
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

std::string listen_failure(const ListenAddress& address, const std::system_error& error) {
  ListenAddress other = address;
  std::string remedy;
  if (error.code() == std::errc::address_in_use) {
    other.port = 0;
    remedy = "; stop what uses it, or choose another port (--listen " + other.text() +
             " takes any free one)";
  } else if (error.code() == std::errc::permission_denied) {
    other.port = 8080;
    remedy = "; ports below 1024 need privileges: try --listen " + other.text();
  } else if (error.code() == std::errc::address_not_available) {
    remedy =
        "; this machine has no such address: try --listen '*:" + std::to_string(address.port) + "'";
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

ExitStatus run_serve(const Arguments& arguments) {
  const auto refuse = [](const std::string& why) { return refuse_usage("wmpush serve", why); };
  pubpoint::Settings settings;
  ListenAddress address;
  if (const auto text = arguments.value("listen"))
    if (const std::string wrong = ListenAddress::parse(*text, address); !wrong.empty())
      return refuse(wrong);
  settings.address = address.host;
  settings.port = address.port;

  // "--point a b" and "--point a --point b" mean the same.
  std::vector<std::string> names = arguments.values("point");
  if (names.empty() && !arguments.operands().empty())
    return refuse("'" + arguments.operands().front() +
                  "' is not expected here: a publishing point is named by --point");
  names.insert(names.end(), arguments.operands().begin(), arguments.operands().end());
  if (!names.empty()) settings.points.clear();
  for (const std::string& name : names) {
    const std::string path = point_path(name);
    if (path.empty()) return refuse("'" + name + "' cannot be the name of a publishing point");
    settings.points.push_back(path);
  }

  if (const std::string wrong = read_access(arguments, settings); !wrong.empty())
    return refuse(wrong);

  settings.discard = arguments.has("discard");
  if (const std::string wrong = read_recording(arguments, settings); !wrong.empty())
    return refuse(wrong);
  if (!settings.record.empty())
    if (Error error = check_folder(settings.record)) return conclude("wmpush serve", error);
  settings.on_start = [](const SessionReport& session) { print_line(stdout, start_text(session)); };
  settings.on_end = [](const SessionReport& session) { print_line(stdout, end_text(session)); };
  settings.log = [](const std::string& line) { print_line(stderr, line); };

  raise_descriptor_limit();
  // Blocked before the server's thread starts, so that the signals come here and nowhere else.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  std::optional<pubpoint::Server> server;
  try {
    server.emplace(settings);
  } catch (const std::system_error& error) {
    return conclude("wmpush serve",
                    {Result::E_FAIL, 0, error.code().value(), listen_failure(address, error)});
  }
  address.port = server->port();
  if (const std::string warning = open_access_warning(settings, address.text()); !warning.empty())
    print_line(stderr, "wmpush serve: " + warning);
  for (const std::string& point : settings.points) print_line(stdout, server->url(point));

  int signal = 0;
  sigwait(&stop, &signal);
  // A second signal ends the process whatever is still being written.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  server->stop();
  return kSuccess;
}

}  // namespace

Command serve_command() {
  Command command;
  command.name = "serve";
  command.summary = "be a publishing point that can be pushed to";
  command.usage = {
      "[--listen HOST:PORT] [--record DIR | --discard] [--point NAME...] [--user NAME | --users "
      "FILE]"};
  command.about =
      "Prints the URLs to push to, one in a line, then one line for each push that\n"
      "starts or ends. What a client does wrong goes to standard error, with the id of\n"
      "the protocol rule that it breaks. Ctrl-C (or SIGTERM) ends running pushes,\n"
      "finishes their recordings and exits with status 0.\n";
  command.flags = {
      {"listen", "HOST:PORT",
       "where to listen; HOST is an address, [::1] for IPv6, or * for every IPv4 address of the "
       "machine; port 0 takes any free one (default 127.0.0.1:8080)"},
      {"record", "DIR", "record each push in a file of its own in DIR, which is made"},
      {"record_name", "NAME",
       "what a file is called, without .asf: {point}, {date}, {time} (UTC) and {entry} are filled "
       "in (default {point}-{date}-{time})"},
      {"record_size", "BYTES", "begin a new file at the next key frame after so many bytes"},
      {"record_time", "MS", "begin a new file at the next key frame after so many milliseconds"},
      {"record_free", "BYTES",
       "record no further when fewer bytes are free on the disk (default 268435456)"},
      {"record_required", "", "end a push that cannot be recorded: 507 without space, else 503"},
      {"point", "NAME", "a publishing point; may be repeated (default live)", '\0', true},
      {"discard", "", "read what comes and forget it, for measurements"},
  };
  const std::vector<Flag> access = access_flags();
  command.flags.insert(command.flags.end() - 1, access.begin(), access.end());
  command.examples =
      "  wmpush serve --record received\n"
      "  wmpush serve --listen '*:80' --point live --point studio\n"
      "  wmpush serve --user studio --password_file secret\n"
      "  wmpush serve --users users --grant 'ali:push:/live' --grant '*:watch:*'\n";
  command.run = run_serve;
  return command;
}

}  // namespace wmpush::tool
