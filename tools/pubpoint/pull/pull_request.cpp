#include "pubpoint/pull/pull_request.hpp"

#include <algorithm>
#include <charconv>

#include "core/percent.hpp"
#include "pubpoint/http/field_text.hpp"
#include "pubpoint/http/request_target.hpp"

namespace wmpush::pubpoint {
namespace {

template <typename T>
T number(std::string_view text, int base = 10) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

/// Calls `each` with the parts of `text` between any of `separators`, trimmed.
template <typename Each>
void for_each_part(std::string_view text, std::string_view separators, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (const std::string_view part = trimmed(text.substr(0, end)); !part.empty()) each(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// What stands behind `name=` in a token; npos data where it is another.
bool value_of(std::string_view token, std::string_view name, std::string_view& value) {
  if (token.size() < name.size() + 1 || !same(token.substr(0, name.size()), name) ||
      token[name.size()] != '=')
    return false;
  value = token.substr(name.size() + 1);
  return true;
}

/// The major version of a client that speaks MS-WMSP (2.2.1.8); 0 for any other.
unsigned player_version(std::string_view agent) {
  for (const std::string_view product : {"NSPlayer/", "NSServer/", "WMCacheProxy/"}) {
    if (agent.size() <= product.size() || !same(agent.substr(0, product.size()), product)) continue;
    return std::max(number<unsigned>(agent.substr(product.size())), 1u);
  }
  return 0;
}

/// "ffff:2:0 ffff:1:0": from, to, and how much of it.
void read_switches(std::string_view text, std::vector<PullRequest::Switch>& switches) {
  constexpr std::size_t kMost = 127;
  for_each_part(text, " ", [&](std::string_view entry) {
    const std::size_t first = entry.find(':');
    const std::size_t second = entry.rfind(':');
    if (first == entry.npos || second == first || switches.size() == kMost) return;
    const std::string_view stream = entry.substr(first + 1, second - first - 1);
    const auto level = std::min(number<unsigned>(entry.substr(second + 1)), 2u);
    switches.push_back({number<std::uint32_t>(stream, 16), number<std::uint32_t>(stream),
                        static_cast<Thinning>(level)});
  });
}

bool has_type(const RequestHead& head, std::string_view type) {
  return std::ranges::any_of(head.values("Content-Type"), [&](std::string_view value) {
    return same(trimmed(value.substr(0, value.find(';'))), type);
  });
}

/// What the Pragma fields say.
struct Directives {
  bool plays = false;
  bool stops = false;
  bool keeps_alive = false;
  bool logs = false;
};

Directives read_pragmas(const RequestHead& head, PullRequest& request) {
  Directives directives;
  for (const std::string_view field : head.values("Pragma")) {
    std::string_view value;
    if (value_of(field, "stream-switch-entry", value)) {
      read_switches(value.substr(0, value.find(',')), request.switches);
      continue;
    }
    if (value_of(field, "log-line", value)) directives.logs = true;
    for_each_part(field, ",", [&](std::string_view token) {
      if (value_of(token, "xPlayStrm", value)) directives.plays |= number<int>(value) == 1;
      if (value_of(token, "xStopStrm", value)) directives.stops |= number<int>(value) == 1;
      if (value_of(token, "xKeepAliveInPause", value)) directives.keeps_alive = true;
      if (value_of(token, "client-id", value)) request.client_id = number<std::uint32_t>(value);
      if (value_of(token, "stream-switch-entry", value)) read_switches(value, request.switches);
    });
  }
  return directives;
}

bool wants_page(const RequestHead& head) {
  return std::ranges::any_of(head.values("Accept"), [](std::string_view value) {
    return value.find("text/html") != value.npos;
  });
}

}  // namespace

bool is_pull(const RequestHead& head) {
  if (head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS") return true;
  if (head.method != "POST") return false;
  if (has_type(head, "application/x-wms-pushsetup") ||
      has_type(head, "application/x-wms-pushstart"))
    return false;
  for (const char* type : {"application/x-wms-LogStats", "application/x-wms-sendevent",
                           "application/x-wms-getcontentinfo"})
    if (has_type(head, type)) return true;
  const auto agents = head.values("User-Agent");
  return !agents.empty() && player_version(agents.front()) > 0;
}

PullRequest read_pull_request(const RequestHead& head) {
  using Kind = PullRequest::Kind;
  PullRequest request;
  request.version = head.version;
  request.head_only = head.method == "HEAD";
  const std::string_view target = path_and_query(head.target);
  const std::size_t query = std::min(target.find('?'), target.size());
  request.path = percent_decoded_leniently(target.substr(0, query));
  request.query = target.substr(std::min(query + 1, target.size()));
  if (const auto values = head.values("User-Agent"); !values.empty()) {
    request.user_agent = values.front();
    request.agent_version = player_version(values.front());
  }
  request.host = host_for_url(head);
  if (const auto values = head.values("Content-Length"); !values.empty())
    request.content_length = number<std::uint64_t>(values.front());
  request.keep_alive = head.lists("Connection", "Keep-Alive") && !head.lists("Connection", "close");

  const Directives directives = read_pragmas(head, request);
  if (head.method == "OPTIONS") {
    request.kind = Kind::KeepAlive;
  } else if (head.method == "POST") {
    request.kind = directives.logs || has_type(head, "application/x-wms-LogStats") ? Kind::Log
                   : has_type(head, "application/x-wms-sendevent")                 ? Kind::SendEvent
                   : has_type(head, "application/x-wms-getcontentinfo") ? Kind::ContentInfo
                   : directives.stops                                   ? Kind::Stop
                   : directives.keeps_alive                             ? Kind::KeepAlive
                   : !request.switches.empty()                          ? Kind::SelectStream
                                                                        : Kind::Unknown;
  } else if (request.agent_version > 0) {
    request.kind = directives.plays ? Kind::Play : Kind::Describe;
  } else if (wants_page(head)) {
    request.kind = Kind::Page;
  } else {
    request.kind = Kind::Plain;
  }
  return request;
}

std::vector<std::pair<std::uint8_t, Thinning>> selection(const PullRequest& request,
                                                         const EntryHeader& header) {
  std::vector<std::pair<std::uint8_t, Thinning>> wanted;
  const auto exists = [&](std::uint32_t number) {
    return std::ranges::any_of(header.parsed.streams,
                               [&](const asf::Stream& stream) { return stream.number == number; });
  };
  const auto all_by = [&](std::uint32_t PullRequest::Switch::*base) {
    return std::ranges::all_of(request.switches,
                               [&](const auto& entry) { return exists(entry.*base); });
  };
  auto base = &PullRequest::Switch::hexadecimal;
  if (!all_by(base)) base = &PullRequest::Switch::decimal;
  const bool named = !request.switches.empty() && all_by(base);
  for (const asf::Stream& stream : header.parsed.streams) {
    Thinning thinning = named ? Thinning::Off : Thinning::All;
    for (const auto& entry : request.switches)
      if (named && entry.*base == stream.number) thinning = entry.thinning;
    wanted.emplace_back(stream.number, thinning);
  }
  return wanted;
}

}  // namespace wmpush::pubpoint
