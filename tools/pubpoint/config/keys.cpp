#include <algorithm>
#include <limits>
#include <type_traits>

#include "pubpoint/access/address_list.hpp"
#include "pubpoint/access/rights.hpp"
#include "pubpoint/config/config.hpp"
#include "pubpoint/http/field_text.hpp"
#include "pubpoint/point_path.hpp"
#include "pubpoint/record/recording_name.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::int64_t kMany = 1'000'000'000;
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kTebibyte = std::int64_t{1} << 40;

std::string wrong_type(const std::string& wanted, const Value& value) {
  return " needs " + wanted + ", and this is " + value.type;
}

/// No check of a text.
std::string any(const std::string&) { return {}; }

template <typename Member, typename Check = decltype(&any)>
ConfigKey text(std::string table, std::string name, std::string help, Member member,
               Check check = any) {
  ConfigKey key{std::move(table), std::move(name), "a text", std::move(help), {}, {}};
  key.take = [member, check](Config& config, const Value& value) -> std::string {
    const auto* given = std::get_if<std::string>(&value.what);
    if (given == nullptr) return wrong_type("a text", value);
    if (std::string wrong = check(*given); !wrong.empty()) return ": " + wrong;
    member(config) = *given;
    return {};
  };
  key.show = [member](const Config& config) {
    Config copy = config;
    return in_quotes(std::string(member(copy)));
  };
  return key;
}

template <typename Member>
ConfigKey flag(std::string table, std::string name, std::string help, Member member) {
  ConfigKey key{std::move(table), std::move(name), "true or false", std::move(help), {}, {}};
  key.take = [member](Config& config, const Value& value) -> std::string {
    const auto* given = std::get_if<bool>(&value.what);
    if (given == nullptr) return wrong_type("true or false", value);
    member(config) = *given;
    return {};
  };
  key.show = [member](const Config& config) {
    Config copy = config;
    return std::string(member(copy) ? "true" : "false");
  };
  return key;
}

/// A count or a time, in the units of its member.
template <typename Member>
ConfigKey number(std::string table, std::string name, std::string help, Member member,
                 std::int64_t least, std::int64_t most) {
  using Number = std::remove_cvref_t<decltype(member(std::declval<Config&>()))>;
  const std::string type =
      most == kLargest
          ? "a whole number, " + std::to_string(least) + " or more"
          : "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  ConfigKey key{std::move(table), std::move(name), type, std::move(help), {}, {}};
  if (most >= kMany) key.type = "a whole number, " + std::to_string(least) + " or more";
  key.take = [=](Config& config, const Value& value) -> std::string {
    const auto* given = std::get_if<std::int64_t>(&value.what);
    if (given == nullptr) return wrong_type(type, value);
    if (*given < least || *given > most)
      return " needs " + type + ", and this is " + std::to_string(*given);
    if constexpr (std::is_integral_v<Number>)
      member(config) = static_cast<Number>(*given);
    else
      member(config) = Number(static_cast<typename Number::rep>(*given));
    return {};
  };
  key.show = [member](const Config& config) {
    Config copy = config;
    if constexpr (std::is_integral_v<Number>)
      return std::to_string(member(copy));
    else
      return std::to_string(member(copy).count());
  };
  return key;
}

ConfigKey takeover() {
  ConfigKey key{{},
                "takeover",
                "\"refuse\" or \"newer\"",
                "a push to a point that another one holds is refused, or takes over",
                {},
                {}};
  key.take = [](Config& config, const Value& value) -> std::string {
    const auto* given = std::get_if<std::string>(&value.what);
    if (given == nullptr) return wrong_type("\"refuse\" or \"newer\"", value);
    if (*given != "refuse" && *given != "newer")
      return " is \"refuse\" or \"newer\", and not " + in_quotes(*given);
    config.settings.takeover = *given == "newer" ? Takeover::Newer : Takeover::Refuse;
    return {};
  };
  key.show = [](const Config& config) {
    return std::string(config.settings.takeover == Takeover::Newer ? "\"newer\"" : "\"refuse\"");
  };
  return key;
}

/// `check` and `put` are given all of it.
template <typename Check, typename Put>
ConfigKey list(std::string table, std::string name, std::string help, Check check, Put put) {
  ConfigKey key{std::move(table), std::move(name), "a list of texts", std::move(help), {}, {}};
  key.take = [check, put](Config& config, const Value& value) -> std::string {
    const auto* given = std::get_if<std::vector<std::string>>(&value.what);
    if (given == nullptr) return wrong_type("a list of texts, [\"…\", \"…\"]", value);
    if (std::string wrong = check(*given); !wrong.empty()) return ": " + wrong;
    put(config, *given);
    return {};
  };
  key.show = [](const Config&) { return std::string("[]"); };
  return key;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
  return all;
}

std::string check_addresses(const std::vector<std::string>& texts) {
  AddressList list;
  return texts.empty() ? std::string() : AddressList::parse(joined(texts), list);
}

std::string check_grants(const std::vector<std::string>& texts) {
  UserGrant grant;
  for (const std::string& text : texts)
    if (std::string wrong = UserGrant::parse(text, grant); !wrong.empty()) return wrong;
  return {};
}

void add_general(std::vector<ConfigKey>& keys) {
  keys.push_back(text(
      {}, "listen", "HOST:PORT; HOST is an address, [::1] for IPv6, or * for every IPv4 address",
      [](Config & c) -> auto& { return c.listen; }));
  keys.push_back(takeover());
  keys.push_back(text(
      {}, "fallback", "ASF file that is shown, over and over, while nobody pushes; 64 MiB at most",
      [](Config & c) -> auto& { return c.fallback; }));
}

void add_tls(std::vector<ConfigKey>& keys) {
  const std::string table = "tls";
  keys.push_back(text(
      table, "listen",
      "HOST:PORT for pushes, players and pages over TLS; none: listen's, port 8443",
      [](Config & c) -> auto& { return c.tls_listen; }));
  keys.push_back(text(
      table, "cert", "file of PEM with the server's certificate, and what leads to its authority",
      [](Config & c) -> auto& { return c.tls_cert; }));
  keys.push_back(text(
      table, "key", "file of PEM with its key, without a passphrase; none: it is in the same file",
      [](Config & c) -> auto& { return c.tls_key; }));
}

void add_record(std::vector<ConfigKey>& keys) {
  const std::string table = "record";
  const auto put = [&](ConfigKey key) { keys.push_back(std::move(key)); };
  ConfigKey directory = text(
      table, "directory", "where each push is recorded, which is made; none: nothing is recorded",
      [](Config & c) -> auto& { return c.settings.record; });
  directory.show = [](const Config& config) { return in_quotes(config.settings.record.string()); };
  put(std::move(directory));
  put(text(
      table, "name", "what a file is called, without .asf: {point}, {date}, {time} (UTC), {entry}",
      [](Config & c) -> auto& { return c.settings.record_name; }, check_recording_name));
  put(number(
      table, "size", "bytes after which a new file begins at the next key frame; 0: none",
      [](Config & c) -> auto& { return c.settings.record_size; }, 0, kLargest));
  put(number(
      table, "time", "milliseconds after which a new file begins at the next key frame; 0: none",
      [](Config & c) -> auto& { return c.settings.record_time; }, 0, kLargest));
  put(number(
      table, "free", "bytes that stay free on the disk",
      [](Config & c) -> auto& { return c.settings.record_free; }, 0, kLargest));
  put(flag(
      table, "required", "end a push that cannot be recorded",
      [](Config & c) -> auto& { return c.settings.record_required; }));
  put(number(
      table, "queue", "bytes that may wait for the disk, of all pushes together",
      [](Config & c) -> auto& { return c.settings.record_queue; }, 1 << 20, kTebibyte));
}

void add_access(std::vector<ConfigKey>& keys) {
  const std::string table = "access";
  const auto put = [&](ConfigKey key) { keys.push_back(std::move(key)); };
  put(text(
      table, "users", "file with lines user:realm:hash, as Apache's htdigest writes them",
      [](Config & c) -> auto& { return c.users; }));
  put(list(table, "grants", "USER:RIGHTS:POINTS, such as \"ali:push,watch:/live\" or \"*:watch:*\"",
           check_grants, [](Config& c, const auto& all) { c.grants = all; }));
  put(list(table, "push_from", "addresses that may push, such as \"10.0.0.0/8\"; ! keeps out",
           check_addresses, [](Config& c, const auto& all) { c.push_from = joined(all); }));
  put(list(table, "watch_from", "addresses that may watch, likewise", check_addresses,
           [](Config& c, const auto& all) { c.watch_from = joined(all); }));
  put(list(table, "status_from", "addresses that may see the page and its numbers, likewise",
           check_addresses, [](Config& c, const auto& all) { c.status_from = joined(all); }));
  put(list(table, "clients_from",
           "of these, the ones that may see who watches and pushes; none: nobody", check_addresses,
           [](Config& c, const auto& all) { c.clients_from = joined(all); }));
  put(text(
      table, "token_key", "file whose first line is the key of tokens for watching",
      [](Config & c) -> auto& { return c.token_key; }));
  put(text(
      table, "user", "the only one who may push, in place of a file of users",
      [](Config & c) -> auto& { return c.user; }));
  put(text(
      table, "password_file", "file whose first line is that user's password",
      [](Config & c) -> auto& { return c.password_file; }));
}

void add_timeouts(std::vector<ConfigKey>& keys) {
  const std::string table = "timeouts";
  const auto put = [&](ConfigKey key) { keys.push_back(std::move(key)); };
  put(number(
      table, "push", "milliseconds without a byte after which a push is over",
      [](Config & c) -> auto& { return c.settings.idle_timeout; }, 1000, kMany));
  put(number(
      table, "request", "milliseconds between the requests of a push or a connection",
      [](Config & c) -> auto& { return c.settings.inactivity_timeout; }, 1000, kMany));
  put(number(
      table, "viewer", "milliseconds that a viewer waits for a push to begin",
      [](Config & c) -> auto& { return c.settings.wait_for_push; }, 0, kMany));
}

void add_hooks(std::vector<ConfigKey>& keys) {
  const std::string table = "hooks";
  const auto put = [&](const char* name, const char* help, auto member) {
    keys.push_back(text(
        table, name, help, [member](Config & c) -> auto& { return c.settings.hooks.*member; }));
  };
  put("on_push", "URL or program that is asked whether a push may begin", &HookSettings::on_push);
  put("on_push_end", "URL or program that is told when it is over", &HookSettings::on_push_end);
  put("on_watch", "URL or program that is asked whether somebody may watch",
      &HookSettings::on_watch);
  put("on_record", "URL or program that is told when a recording is finished",
      &HookSettings::on_record);
  keys.push_back(number(
      table, "timeout", "milliseconds for the answer, after which it is a refusal",
      [](Config & c) -> auto& { return c.settings.hooks.timeout; }, 1, kMany));
  keys.push_back(number(
      table, "tell_timeout", "milliseconds that one may take that is told something",
      [](Config & c) -> auto& { return c.settings.hooks.tell_timeout; }, 1, kMany));
  keys.push_back(number(
      table, "at_once", "calls that are under way at the same time",
      [](Config & c) -> auto& { return c.settings.hooks.at_once; }, 1, 10'000));
  keys.push_back(number(
      table, "queue", "questions that wait for their turn; one more is a refusal",
      [](Config & c) -> auto& { return c.settings.hooks.queue; }, 0, 1'000'000));
}

void add_picture(std::vector<ConfigKey>& keys) {
  const std::string table = "picture";
  keys.push_back(text(
      table, "program", "wmpush-picture, which makes them; none: the one that came with wmpush",
      [](Config & c) -> auto& { return c.settings.pictures.program; }));
  keys.push_back(number(
      table, "width", "pixels of the pictures of what is on air, /POINT.jpg; 0: there are none",
      [](Config & c) -> auto& { return c.settings.pictures.width; }, 0, 1920));
  keys.push_back(number(
      table, "interval", "milliseconds from one picture of a point to its next, at least",
      [](Config & c) -> auto& { return c.settings.pictures.interval; }, 100, kMany));
}

void add_hls(std::vector<ConfigKey>& keys) {
  const std::string table = "hls";
  const auto put = [&](ConfigKey key) { keys.push_back(std::move(key)); };
  put(text(
      table, "program", "FFmpeg's program: a file, or a name that is looked for in the PATH",
      [](Config & c) -> auto& { return c.settings.hls.program; },
      [](const std::string& name) { return std::string(name.empty() ? "a name is needed" : ""); }));
  put(number(
      table, "segment_time", "milliseconds of a segment, at least: it ends at a key frame",
      [](Config & c) -> auto& { return c.settings.hls.segment_time; }, 500, 60'000));
  put(number(
      table, "segments", "segments in a playlist",
      [](Config & c) -> auto& { return c.settings.hls.segments; }, 3, 1000));
  put(number(
      table, "idle_time", "milliseconds without a request after which the program is ended",
      [](Config & c) -> auto& { return c.settings.hls.idle_time; }, 10'000, kMany));
  put(number(
      table, "programs", "points that browsers watch at the same time, each with a program",
      [](Config & c) -> auto& { return c.settings.hls.programs; }, 1, 1000));
  put(number(
      table, "queue", "bytes that may wait for a program",
      [](Config & c) -> auto& { return c.settings.hls.queue; }, 1 << 20, kTebibyte));
  put(number(
      table, "memory", "bytes of the segments of a point",
      [](Config & c) -> auto& { return c.settings.hls.memory; }, 1 << 20, kTebibyte));
}

void add_limits(std::vector<ConfigKey>& keys) {
  const auto put = [&](const char* name, const char* help, auto member, std::int64_t least,
                       std::int64_t most) {
    keys.push_back(number(
        "limits", name, help, [member](Config & c) -> auto& { return c.settings.limits.*member; },
        least, most));
  };
  put("connections", "connections of all, without the viewers'", &Limits::connections, 1, kMany);
  put("address_connections", "connections of one address", &Limits::address_connections, 1, kMany);
  put("head_time", "milliseconds for a whole request head", &Limits::head_time, 100, kMany);
  put("unstarted", "pushes that were set up and have not begun", &Limits::unstarted, 1, kMany);
  put("address_unstarted", "such pushes of one address", &Limits::address_unstarted, 1, kMany);
  put("points", "points that were made from a template", &Limits::points, 0, kMany);
  put("point_time", "minutes that such a point stays without a push", &Limits::point_time, 1,
      1'000'000);
  put("point_name", "characters of the path of such a point", &Limits::point_name, 1, 65536);
  put("entries_per_minute", "headers that a push may send in a minute", &Limits::entries_per_minute,
      1, kMany);
  put("viewers", "viewers of all points", &Limits::viewers, 0, kMany);
  put("point_viewers", "viewers of each point", &Limits::point_viewers, 0, kMany);
  put("viewer_queue", "bytes that a viewer may be behind", &Limits::viewer_queue, 65536, kTebibyte);
  put("record_files", "recordings that are written at the same time", &Limits::record_files, 1,
      kMany);
  put("event_streams", "pages that are kept up to date at the same time", &Limits::event_streams, 0,
      kMany);
  put("address_event_streams", "such pages of one address", &Limits::address_event_streams, 0,
      kMany);
  put("reports", "pushes that are over and remembered", &Limits::reports, 1, kMany);
}

std::vector<ConfigKey> all_keys() {
  std::vector<ConfigKey> keys;
  add_general(keys);
  add_tls(keys);
  add_record(keys);
  add_access(keys);
  add_timeouts(keys);
  add_hooks(keys);
  add_picture(keys);
  add_hls(keys);
  add_limits(keys);
  keys.push_back(text(
      "log", "access", "file with a line for each request, in Apache's combined format",
      [](Config & c) -> auto& { return c.access_log; }));
  // Each adds to those before; read_config() takes the default away.
  ConfigKey point{"point",  "name",
                  "a text", "a path as a URL has it: live, My Radio and My%20Radio will do",
                  {},       [](const Config&) { return std::string("\"live\""); }};
  point.take = [](Config& config, const Value& value) -> std::string {
    const auto* name = std::get_if<std::string>(&value.what);
    if (name == nullptr) return wrong_type("a text", value);
    std::string path;
    if (std::string wrong = parse_point(*name, path); !wrong.empty()) return ": " + wrong;
    config.settings.points.back() = std::move(path);
    return {};
  };
  keys.push_back(std::move(point));
  keys.push_back(list(
      "point", "relay", "URLs that what is received there is pushed on to",
      [](const auto& all) {
        std::string wrong;
        for (const std::string& url : all)
          if (wrong.empty()) wrong = check_relay(url);
        return wrong;
      },
      [](Config& config, const auto& all) {
        for (const std::string& url : all)
          config.relays.emplace_back(config.settings.points.size() - 1, url);
      }));
  ConfigKey origin{"point",  "origin",
                   "a text", "http:// URL of a point of another server, which is shown here",
                   {},       [](const Config&) { return std::string("\"\""); }};
  origin.take = [](Config& config, const Value& value) -> std::string {
    const auto* url = std::get_if<std::string>(&value.what);
    if (url == nullptr) return wrong_type("a text", value);
    if (url->empty()) return {};
    if (std::string wrong = check_origin(*url); !wrong.empty()) return ": " + wrong;
    config.origins.emplace_back(config.settings.points.size() - 1, *url);
    return {};
  };
  keys.push_back(std::move(origin));
  const std::string modes = R"("off", "copy" or "transcode")";
  ConfigKey hls{"point", "hls",
                modes,   "browsers watch by HLS: as it is pushed (H.264 and AAC), or transcoded",
                {},      [](const Config&) { return std::string("\"off\""); }};
  hls.take = [modes](Config& config, const Value& value) -> std::string {
    const auto* given = std::get_if<std::string>(&value.what);
    if (given == nullptr) return wrong_type(modes, value);
    const auto mode = hls_mode(*given);
    if (!mode) return " is " + modes + ", and not " + in_quotes(*given);
    config.hls.emplace_back(config.settings.points.size() - 1, *mode);
    return {};
  };
  keys.push_back(std::move(hls));
  return keys;
}

}  // namespace

std::span<const ConfigKey> config_keys() {
  static const std::vector<ConfigKey> keys = all_keys();
  return keys;
}

}  // namespace wmpush::pubpoint
