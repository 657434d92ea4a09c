#include "sink/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace wmpush {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kShortestTimeout = 10'000;
constexpr std::int64_t kLongestTimeout = 24 * 3600 * kSecond;
constexpr std::int64_t kLargestLength = 2147483647;
constexpr std::int64_t kLargestHeader = 65531;
constexpr std::int64_t kLargestQueue = std::int64_t{1} << 30;
constexpr std::int64_t kLargestBitrate = 4294967294;

/// A row of the table and the member it is about: one of the three, by the type.
struct Row {
  wmpush_option_info info;
  int wmpush_options::*flag;
  std::int64_t wmpush_options::*number;
  const char* wmpush_options::*text;
};

constexpr Row flag(const char* name, int wmpush_options::*member, std::int64_t value,
                   const char* help) {
  return {{name, WMPUSH_OPTION_FLAG, "", 0, 1, value, 0, help, 0, ""}, member, nullptr, nullptr};
}
/// Whoever wrote the URL would be trusted by it.
constexpr Row verify(const char* name, int wmpush_options::*member, const char* help) {
  Row row = flag(name, member, 1, help);
  row.info.not_in_url = 1;
  return row;
}
constexpr Row timeout(const char* name, std::int64_t wmpush_options::*member, std::int64_t value,
                      const char* help) {
  return {{name, WMPUSH_OPTION_DURATION, "us", kShortestTimeout, kLongestTimeout, value, 0, help, 0,
           ""},
          nullptr,
          member,
          nullptr};
}
constexpr Row integer(const char* name, std::int64_t wmpush_options::*member, const char* unit,
                      std::int64_t maximum, const char* help) {
  return {
      {name, WMPUSH_OPTION_INTEGER, unit, 0, maximum, 0, 0, help, 0, ""}, nullptr, member, nullptr};
}
/// Whether a text may be given by whoever wrote the URL. What names a file, a route or a program of
/// this machine may not: the server in the URL would get to see the file, or the stream would go
/// where the program that pushes did not send it.
enum class InUrl { Taken, Refused };
constexpr Row text(const char* name, const char* wmpush_options::*member, InUrl in_url,
                   const char* help, int secret = 0) {
  return {
      {name, WMPUSH_OPTION_TEXT, "", 0, 0, 0, secret, help, in_url == InUrl::Refused ? 1 : 0, ""},
      nullptr,
      nullptr,
      member};
}

/// A text that is one of a few words, with | between them. Which of them it is, Session looks at.
constexpr Row choice(const char* name, const char* wmpush_options::*member, const char* values,
                     const char* help) {
  Row row = text(name, member, InUrl::Taken, help);
  row.info.values = values;
  return row;
}

#define WMPUSH_MEMBER(name) #name, &wmpush_options::name
constexpr std::array kRows = {
    text(WMPUSH_MEMBER(template_url), InUrl::Taken,
         "publishing point to copy when the one in the URL does not exist"),
    flag(WMPUSH_MEMBER(auto_destroy), 0, "the copy of the template goes away with the session"),
    text(WMPUSH_MEMBER(user), InUrl::Taken, "user name, instead of the one in the URL"),
    text(WMPUSH_MEMBER(password), InUrl::Taken, "password, instead of the one in the URL", 1),
    text(WMPUSH_MEMBER(password_file), InUrl::Refused, "file whose first line is the password"),
    choice(
        WMPUSH_MEMBER(auth), "any|negotiate|ntlm|digest|basic",
        "the only scheme to use: negotiate, ntlm, digest or basic; any = the best that is offered"),
    text(WMPUSH_MEMBER(http_proxy), InUrl::Refused,
         "proxy, http://[user:password@]host[:port]; default: the http_proxy of the environment, "
         "or for wmpushs:// its https_proxy, but for the hosts in no_proxy; empty = none",
         1),
    flag(WMPUSH_MEMBER(allow_305), 0, "go through a proxy that the server names (HTTP status 305)"),
    timeout(WMPUSH_MEMBER(connect_timeout), 10 * kSecond,
            "limit for resolving the name and connecting, TLS included"),
    timeout(WMPUSH_MEMBER(response_timeout), 15 * kSecond, "limit for each response of the server"),
    timeout(WMPUSH_MEMBER(send_timeout), 10 * kSecond,
            "how long the server may take no data at all"),
    timeout(WMPUSH_MEMBER(end_timeout), 5 * kSecond, "limit for ending the session"),
    timeout(WMPUSH_MEMBER(rollover_timeout), 10 * kSecond,
            "how long to wait for the response to a PushStart whose length is used up"),
    integer(WMPUSH_MEMBER(content_length), "bytes", kLargestLength,
            "length of each PushStart; 0 = 2147483647, or 60 s of the stream behind a proxy"),
    flag(WMPUSH_MEMBER(strict_server), 1,
         "push only to a server that calls itself Cougar or Rex; 0 = warn about others"),
    flag(WMPUSH_MEMBER(fix_header), 1, "make the ASF header fit for a live push"),
    flag(WMPUSH_MEMBER(strip_padding), 1, "leave out padding that carries nothing"),
    integer(WMPUSH_MEMBER(max_bitrate), "bit/s", kLargestBitrate,
            "bit rate to declare where the ASF header has none; 0 = estimate"),
    flag(WMPUSH_MEMBER(reconnect), 0,
         "connect again when the connection is lost in mid stream, and go on"),
    timeout(WMPUSH_MEMBER(reconnect_delay_max), 30 * kSecond,
            "longest wait before a try to connect again"),
    integer(WMPUSH_MEMBER(reconnect_max_retries), "tries", 1'000'000,
            "tries to connect again in a row; 0 = no limit"),
    choice(WMPUSH_MEMBER(resume), "auto|always|never",
           "go on with a lost session: auto, always, or never, which sets up a new one each time"),
    flag(WMPUSH_MEMBER(strict_end), 1,
         "an error answer behind the end-of-stream is a failure; 0 = a warning"),
    integer(WMPUSH_MEMBER(max_header), "bytes", kLargestHeader,
            "largest ASF header that the receiver takes: pictures and other metadata that do not "
            "fit are left out; 0 = 65531"),
    choice(WMPUSH_MEMBER(congestion), "block|drop",
           "when the network is too slow: block, which holds the source up, or drop, which leaves "
           "packets out up to a key frame"),
    integer(WMPUSH_MEMBER(queue_size), "bytes", kLargestQueue,
            "what may wait for the network with congestion=drop; 0 = 2097152"),
    text(WMPUSH_MEMBER(user_agent), InUrl::Taken,
         "product to name after the encoder's; default libwmpush/VERSION"),
    text(WMPUSH_MEMBER(ca_file), InUrl::Refused,
         "file of PEM with the certificates to trust with wmpushs://; default: the system's"),
    verify(WMPUSH_MEMBER(tls_verify),
           "push with wmpushs:// only to a server whose certificate is trusted and for its host; "
           "0 = to any"),
    text(WMPUSH_MEMBER(cert_file), InUrl::Refused,
         "file of PEM with our own certificate, where the server asks for one"),
    text(WMPUSH_MEMBER(key_file), InUrl::Refused,
         "file of PEM with its key, without a passphrase; default: cert_file"),
};
#undef WMPUSH_MEMBER

constexpr auto kTable = [] {
  std::array<wmpush_option_info, kRows.size()> table{};
  for (std::size_t i = 0; i < kRows.size(); ++i) table[i] = kRows[i].info;
  return table;
}();

const Row& row_of(const wmpush_option_info& info) {
  return kRows[static_cast<std::size_t>(&info - kTable.data())];
}

std::int64_t number(const wmpush_options& options, const Row& row) {
  return row.flag != nullptr ? options.*row.flag : options.*row.number;
}

void set_number(wmpush_options& options, const Row& row, std::int64_t value) {
  if (row.flag != nullptr)
    options.*row.flag = static_cast<int>(value);
  else
    options.*row.number = value;
}

/// Where its member ends within the structure.
std::size_t end_of(const wmpush_options& options, const Row& row) {
  const auto end = [&](const auto& member) {
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&member + 1) -
                                    reinterpret_cast<const char*>(&options));
  };
  return row.flag != nullptr     ? end(options.*row.flag)
         : row.number != nullptr ? end(options.*row.number)
                                 : end(options.*row.text);
}

bool parse_integer(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// An unsigned decimal number with an optional fraction.
bool parse_decimal(std::string_view text, double& value) {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// FFmpeg's duration syntax: [HH:]MM:SS[.m], or S[.m] with the unit s, ms or us.
bool parse_duration(std::string_view text, std::int64_t& value) {
  double seconds = 0;
  if (text.find(':') != std::string_view::npos) {
    double total = 0;
    int fields = 0;
    while (true) {
      const std::size_t colon = text.find(':');
      double field = 0;
      if (++fields > 3 || !parse_decimal(text.substr(0, colon), field)) return false;
      total = total * 60 + field;
      if (colon == std::string_view::npos) break;
      text.remove_prefix(colon + 1);
    }
    seconds = total;
  } else {
    double unit = 1;
    const auto drop = [&](std::string_view suffix, double factor) {
      if (!text.ends_with(suffix)) return false;
      text.remove_suffix(suffix.size());
      unit = factor;
      return true;
    };
    if (!drop("us", 1e-6) && !drop("ms", 1e-3)) drop("s", 1);
    if (!parse_decimal(text, seconds)) return false;
    seconds *= unit;
  }
  if (seconds > 1e12) return false;
  value = std::llround(seconds * 1e6);
  return true;
}

std::string value_text(const wmpush_option_info& info, std::int64_t value) {
  if (info.type != WMPUSH_OPTION_DURATION) return std::to_string(value);
  char text[32];
  if (value % 1000 != 0)
    std::snprintf(text, sizeof text, "%lldus", static_cast<long long>(value));
  else if (value % kSecond != 0)
    std::snprintf(text, sizeof text, "%lldms", static_cast<long long>(value / 1000));
  else
    std::snprintf(text, sizeof text, "%llds", static_cast<long long>(value / kSecond));
  return text;
}

Error out_of_range(const wmpush_option_info& info, std::string_view value) {
  const std::string range =
      value_text(info, info.minimum) + " to " + value_text(info, info.maximum);
  const std::string unit =
      info.type == WMPUSH_OPTION_INTEGER ? std::string(" ") + info.unit : std::string();
  return {Result::E_INVALIDARG, 0, 0,
          "'" + std::string(value) + "' is not a value for " + info.name + ": " + range + unit +
              " can be given"};
}

}  // namespace

std::span<const wmpush_option_info> option_table() { return kTable; }

const wmpush_option_info* find_option(std::string_view name) {
  for (const wmpush_option_info& info : kTable)
    if (name == info.name) return &info;
  return nullptr;
}

Error set_option(wmpush_options& options, std::string_view name, const char* value) {
  const wmpush_option_info* info = find_option(name);
  if (info == nullptr)
    return {Result::E_INVALIDARG, 0, 0, "there is no option '" + std::string(name) + "'"};
  const Row& row = row_of(*info);
  if (end_of(options, row) > options.size)
    return {Result::E_INVALIDARG, 0, 0,
            "the option '" + std::string(name) +
                "' is not in the options of this program, which was built with an older wmpush.h"};
  if (row.text != nullptr) {
    options.*row.text = value;
    return {};
  }
  if (value == nullptr) return out_of_range(*info, "");
  std::int64_t parsed = 0;
  const bool understood = info->type == WMPUSH_OPTION_DURATION ? parse_duration(value, parsed)
                                                               : parse_integer(value, parsed);
  if (!understood || parsed < info->minimum || parsed > info->maximum)
    return out_of_range(*info, value);
  set_number(options, row, parsed);
  return {};
}

std::string option_default(const wmpush_option_info& info) {
  return info.type == WMPUSH_OPTION_TEXT ? std::string() : value_text(info, info.default_value);
}

wmpush_options default_options() {
  wmpush_options options{};
  options.size = sizeof options;
  for (const Row& row : kRows)
    if (row.text == nullptr) set_number(options, row, row.info.default_value);
  return options;
}

OwnedOptions::OwnedOptions() : options_(default_options()) {}

OwnedOptions::OwnedOptions(const wmpush_options& options) : OwnedOptions() {
  // A program built with an older header has a shorter structure: what it lacks keeps its default.
  std::memcpy(&options_, &options, std::min(options.size, sizeof options_));
  options_.size = sizeof options_;
  for (const Row& row : kRows)
    if (row.text != nullptr && options_.*row.text != nullptr)
      options_.*row.text = texts_.emplace_back(options_.*row.text).c_str();
}

Error OwnedOptions::set(std::string_view name, std::string_view value) {
  return set_option(options_, name, texts_.emplace_back(value).c_str());
}

Error OwnedOptions::set_from_url(std::string_view name, std::string_view value) {
  const wmpush_option_info* info = find_option(name);
  if (info != nullptr && info->not_in_url != 0)
    return {Result::E_INVALIDARG, 0, 0,
            info->name +
                std::string(" is not taken from a URL, since it names a file or a route of "
                            "this machine: give it as an option (-") +
                info->name + " of ffmpeg, --" + info->name + " of wmpush, or the member of " +
                "wmpush_options)"};
  return set(name, value);
}

Error OwnedOptions::check() const {
  for (const Row& row : kRows) {
    if (row.text != nullptr) continue;
    const std::int64_t value = number(options_, row);
    if (value < row.info.minimum || value > row.info.maximum)
      return out_of_range(row.info, value_text(row.info, value));
  }
  return {};
}

}  // namespace wmpush
