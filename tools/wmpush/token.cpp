// wmpush token: a token that lets its holder watch for a while.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pubpoint/access/token.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "command.hpp"
#include "core/percent.hpp"
#include "time_span.hpp"
#include "token_key.hpp"

namespace wmpush::tool {
namespace {

using std::chrono::seconds;

constexpr seconds kDefaultLifetime = std::chrono::hours(24);

/// The path of a URL, percent-decoded; empty when it has none.
std::string path_of(std::string_view url) {
  const std::size_t authority = url.find("://");
  if (authority == url.npos) return {};
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t path = url.find('/', authority + 3);
  return path == url.npos ? std::string() : percent_decoded_leniently(url.substr(path));
}

std::string with_token(std::string_view url, const std::string& token) {
  const std::string_view base = url.substr(0, url.find('#'));
  const char* between = base.find('?') == base.npos ? "?" : "&";
  return std::string(base) + between + "token=" + token;
}

ExitStatus run_token(const Arguments& arguments) {
  const auto refuse = [](const std::string& why) { return refuse_usage("wmpush token", why); };
  if (!arguments.operands().empty())
    return refuse("'" + arguments.operands().front() + "' is not expected here");
  const auto url = arguments.value("url");
  if (url && path_of(*url).empty()) return refuse("--url needs a URL such as mmsh://host/live");
  const auto file = arguments.value("key_file");
  if (!file) return refuse("--key_file is needed: the file that 'wmpush serve --token_key' has");

  const std::string name = arguments.value("point").value_or(url ? path_of(*url) : "");
  if (name.empty()) return refuse("--point or --url is needed: what may be watched");
  pubpoint::PointPattern points;
  if (const std::string wrong = pubpoint::PointPattern::parse(name, points); !wrong.empty())
    return refuse(wrong);
  if (url && !points.matches(path_of(*url)))
    return refuse("--url is for " + path_of(*url) + ", which is not among " + points.text());

  seconds lifetime = kDefaultLifetime;
  if (const auto text = arguments.value("expires"); text && !parse_time_span(*text, lifetime))
    return refuse("'" + *text + "' is no time such as 90s, 30m, 2h or 7d, 1s to 3650d");
  std::string key;
  if (const std::string wrong = read_token_key(*file, key); !wrong.empty()) return refuse(wrong);

  const std::string token =
      pubpoint::make_token(key, points, std::chrono::system_clock::now() + lifetime);
  // Not by the log's way: it would mask the very thing.
  std::puts(url ? with_token(*url, token).c_str() : token.c_str());
  return std::fflush(stdout) == 0 ? kSuccess : kFailed;
}

}  // namespace

Command token_command() {
  Command command;
  command.name = "token";
  command.summary = "make a token that lets its holder watch for a while";
  command.usage = {"--key_file FILE [--point NAME] [--expires TIME] [--url URL]"};
  command.about =
      "Prints a token for viewers of a 'wmpush serve --token_key FILE' with the same\n"
      "key: ?token=TOKEN behind the URL lets them watch without a password. Whoever\n"
      "has the URL may watch, until it expires; only a new key calls it back.\n";
  command.flags = {
      {"key_file", "FILE",
       "file whose first line is the key, 16 bytes or more; nobody else should be able to read it"},
      {"point", "NAME",
       "what may be watched: a point such as /live, or several by /studio/* or * (default: the "
       "point in the URL)"},
      {"expires", "TIME", "how long: 90s, 30m, 2h or 7d (default 24h)"},
      {"url", "URL", "print this URL with the token, such as mmsh://host/live"},
  };
  command.examples =
      "  wmpush token --key_file key --expires 2h --url mmsh://host/live\n"
      "  openssl rand -hex 32 > key    # makes such a key\n";
  command.run = run_token;
  return command;
}

}  // namespace wmpush::tool
