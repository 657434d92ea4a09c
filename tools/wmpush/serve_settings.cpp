#include "serve_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "input_file.hpp"
#include "program_run.hpp"
#include "pubpoint/point/fallback.hpp"
#include "pubpoint/point_path.hpp"
#include "pubpoint/record/recording_name.hpp"
#include "serve_access.hpp"
#include "time_span.hpp"
#include "tls/context.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::Config;

/// A name in a file counts from that file's folder, wherever the program was started.
template <typename Name>
void place_beside(const std::filesystem::path& folder, Name& name) {
  const std::filesystem::path given(name);
  if (!given.empty() && given.is_relative() && !folder.empty())
    name = Name((folder / given).string());
}

std::string read_file(const std::string& file, Config& config) {
  std::string text;
  if (std::string wrong = read_all("the configuration", file, text); !wrong.empty()) return wrong;
  if (std::string wrong = pubpoint::read_config(text, file, config); !wrong.empty()) return wrong;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  for (std::string* name :
       {&config.users, &config.token_key, &config.password_file, &config.access_log,
        &config.fallback, &config.tls_cert, &config.tls_key})
    place_beside(folder, *name);
  place_beside(folder, config.settings.record);
  place_beside(folder, config.settings.pictures.program);
  config.settings.hooks.folder = folder;
  if (config.settings.hls.program.find('/') != std::string::npos)
    place_beside(folder, config.settings.hls.program);
  return {};
}

std::string read_fallback(Config& config) {
  const std::string what = "the fallback " + config.fallback;
  std::ifstream file(config.fallback, std::ios::binary);
  std::string asf(pubpoint::FallbackFile::kMost + 1, '\0');
  if (!file.read(asf.data(), static_cast<std::streamsize>(asf.size())) && file.bad())
    return what + " cannot be read";
  if (file.gcount() == 0) return what + " cannot be opened, or is empty";
  asf.resize(static_cast<std::size_t>(file.gcount()));
  std::string wrong;
  config.settings.fallback = pubpoint::FallbackFile::parse(as_bytes(asf), wrong);
  return wrong.empty() ? wrong : what + ": " + wrong;
}

/// A number from 0 to `largest`; nothing when it is not one.
std::optional<std::uint64_t> number(const std::string& text, std::uint64_t largest) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value > largest) return std::nullopt;
  return value;
}

/// What --record and the options around it say.
std::string read_recording(const Arguments& arguments, pubpoint::Settings& settings) {
  settings.discard = arguments.has("discard");
  if (const auto folder = arguments.value("record")) {
    if (folder->empty()) return "--record needs a folder";
    settings.record = *folder;
  }
  if (settings.record.empty()) {
    for (const char* name : {"record_name", "record_size", "record_time", "record_free",
                             "record_files", "record_required"})
      if (arguments.has(name)) return std::string("--") + name + " needs a --record";
    return {};
  }
  if (settings.discard && arguments.has("record"))
    return "--record and --discard exclude each other";
  if (settings.discard) settings.record.clear();
  if (arguments.has("record_required")) settings.record_required = true;
  if (const auto name = arguments.value("record_name")) {
    if (std::string wrong = pubpoint::check_recording_name(*name); !wrong.empty()) return wrong;
    settings.record_name = *name;
  }
  auto time = static_cast<std::uint64_t>(settings.record_time.count());
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
  if (const auto text = arguments.value("record_files")) {
    const auto read = number(*text, kLargest);
    if (!read || *read == 0)
      return "--record_files needs a whole number from 1 on, and '" + *text + "' is none";
    settings.limits.record_files = static_cast<std::size_t>(*read);
  }
  return {};
}

/// Where to listen for TLS, and with what certificate.
std::string read_tls(const Arguments& arguments, ServeSettings& settings) {
  Config& config = settings.config;
  if (const auto file = arguments.value("tls_cert")) config.tls_cert = *file;
  if (const auto file = arguments.value("tls_key")) config.tls_key = *file;
  if (const auto text = arguments.value("tls_listen")) {
    config.tls_listen = *text;
    config.places.erase("tls.listen");
  }
  if (config.tls_cert.empty()) {
    if (config.tls_key.empty() && config.tls_listen.empty()) return {};
    return "TLS needs a certificate: name its file with tls_cert";
  }
  if (Error error = tls::Context::server(config.tls_cert, config.tls_key, config.settings.tls))
    return error.message;
  settings.tls_address = {settings.address.host, 8443};
  if (!config.tls_listen.empty())
    if (const std::string wrong = ListenAddress::parse(config.tls_listen, settings.tls_address);
        !wrong.empty())
      return config.source("tls.listen", "--tls_listen") + ": " + wrong;
  config.settings.tls_address = settings.tls_address.host;
  config.settings.tls_port = settings.tls_address.port;
  return {};
}

/// Who is asked and told.
std::string read_hooks(const Arguments& arguments, Config& config) {
  pubpoint::HookSettings& hooks = config.settings.hooks;
  for (const auto& [name, hook] : {std::pair{"on_push", &hooks.on_push},
                                   {"on_push_end", &hooks.on_push_end},
                                   {"on_watch", &hooks.on_watch},
                                   {"on_record", &hooks.on_record}}) {
    const std::string key = std::string("hooks.") + name;
    if (const auto text = arguments.value(name)) {
      *hook = *text;
      // A program of the command line is where that was written.
      if (const std::size_t end = text->find_first_of(" \t/");
          end != text->npos && (*text)[end] == '/' && text->find("://") == text->npos)
        *hook = std::filesystem::absolute(*text).string();
      config.places.erase(key);
    }
    if (std::string wrong = pubpoint::check_hook(*hook, hooks.folder); !wrong.empty())
      return config.source(key, std::string("--") + name) + ": " + wrong;
  }
  return {};
}

/// The program that makes pictures: the one that is named, or the one that came with this one.
std::string find_picture_program(Config& config) {
  std::string& program = config.settings.pictures.program;
  if (config.settings.pictures.width == 0) {
    program.clear();
    return {};
  }
  if (!program.empty()) {
    if (access(program.c_str(), X_OK) == 0) return {};
    return config.source("picture.program", "picture.program") + ": " + program + ": " +
           std::generic_category().message(errno);
  }
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* folder : {"", WMPUSH_LIBEXEC_FROM_BIN}) {
    const std::string found = (here / folder / "wmpush-picture").lexically_normal().string();
    if (error || access(found.c_str(), X_OK) != 0) continue;
    program = found;
    break;
  }
  return {};
}

/// Empty when the points that browsers watch have a program.
std::string check_hls(Config& config) {
  const pubpoint::Settings& settings = config.settings;
  const bool is_used = std::ranges::any_of(
      settings.hls_points, [](const auto& point) { return point.mode != pubpoint::HlsMode::Off; });
  if (!is_used || !find_program(settings.hls.program).empty()) return {};
  return config.source("hls.program", "--hls") + ": " + settings.hls.program +
         " is not there, or cannot be run: install FFmpeg, or name its program under [hls]";
}

/// Empty when each point is named once.
std::string check_points(const pubpoint::Settings& settings) {
  std::set<std::string> names;
  for (const std::string& point : settings.points)
    if (!names.insert(point).second) return "the point " + point + " is named twice";
  return {};
}

/// Where the file's points push on to, and where they have what they show from.
void take_others(Config& config) {
  pubpoint::Settings& settings = config.settings;
  for (const auto& [point, url] : config.relays)
    settings.relays.push_back({.point = settings.points[point], .url = url});
  for (const auto& [point, url] : config.origins)
    settings.origins.push_back({.point = settings.points[point], .url = url});
  for (const auto& [point, mode] : config.hls)
    settings.hls_points.push_back({.point = settings.points[point], .mode = mode});
}

/// What would come back to where it came from; empty when nothing would.
std::string check_others(const ServeSettings& settings) {
  const pubpoint::Settings& its = settings.config.settings;
  const auto is_here = [&](const std::string& url, const std::string& point) {
    return pubpoint::leads_to(url, settings.address.host, settings.address.port, point);
  };
  for (const auto& origin : its.origins) {
    if (is_here(origin.url, origin.point)) return origin.point + " is its own origin";
    for (const auto& relay : its.relays)
      if (relay.point == origin.point)
        return origin.point + " has an origin, and relays: only what is pushed is pushed on";
  }
  for (const auto& relay : its.relays)
    if (is_here(relay.url, relay.point)) return relay.point + " is relayed to itself";
  return {};
}

/// Those of the only point.
std::string read_others(const Arguments& arguments, pubpoint::Settings& settings) {
  const std::vector<std::string> urls = arguments.values("relay");
  const auto origin = arguments.value("origin");
  const auto hls = arguments.value("hls");
  if (settings.points.size() != 1 && (origin || hls || !urls.empty()))
    return std::string(origin ? "--origin"
                       : hls  ? "--hls"
                              : "--relay") +
           " is for a server with one point: of several, the file of --config names each one's "
           "under its [[point]]";
  if (origin) {
    if (std::string wrong = pubpoint::check_origin(*origin); !wrong.empty())
      return "--origin: " + wrong;
    settings.origins = {{.point = settings.points.front(), .url = *origin}};
  }
  if (hls) {
    const auto mode = pubpoint::hls_mode(*hls);
    if (!mode) return "--hls is off, copy or transcode, and not '" + *hls + "'";
    settings.hls_points = {{.point = settings.points.front(), .mode = *mode}};
  }
  if (!urls.empty()) settings.relays.clear();
  for (const std::string& url : urls) {
    if (std::string wrong = pubpoint::check_relay(url); !wrong.empty()) return "--relay: " + wrong;
    settings.relays.push_back({.point = settings.points.front(), .url = url});
  }
  return {};
}

std::string read_points(const Arguments& arguments, pubpoint::Settings& settings) {
  // "--point a b" and "--point a --point b" mean the same.
  std::vector<std::string> names = arguments.values("point");
  if (names.empty() && !arguments.operands().empty())
    return "'" + arguments.operands().front() +
           "' is not expected here: a publishing point is named by --point";
  names.insert(names.end(), arguments.operands().begin(), arguments.operands().end());
  if (!names.empty()) {
    settings.points.clear();
    settings.relays.clear();  // of those in the file
    settings.origins.clear();
    settings.hls_points.clear();
  }
  for (const std::string& name : names)
    if (std::string wrong = pubpoint::parse_point(name, settings.points.emplace_back());
        !wrong.empty())
      return wrong;
  return {};
}

std::string read_once(const Arguments& arguments, ServeSettings& settings) {
  if (!arguments.has("once")) {
    for (const char* name : {"report", "timeout"})
      if (arguments.has(name)) return std::string("--") + name + " needs --once";
    return {};
  }
  OnePush& once = settings.once.emplace();
  once.report = arguments.value("report").value_or("");
  if (arguments.has("report") && once.report.empty()) return "--report needs a file";
  const auto timeout = arguments.value("timeout");
  if (!timeout) return {};
  if (!parse_time_span(*timeout, once.timeout))
    return "--timeout: '" + *timeout + "' is no time such as 90s, 30m or 2h";
  // A push that began and is silent, or has lost its connection, is waited for no longer.
  settings.config.settings.idle_timeout = once.timeout;
  return {};
}

}  // namespace

std::string read_serve(const Arguments& arguments, ServeSettings& settings) {
  Config& config = settings.config;
  if (const auto file = arguments.value("config"))
    if (std::string wrong = read_file(*file, config); !wrong.empty()) return wrong;
  if (const auto text = arguments.value("listen")) {
    config.listen = *text;
    config.places.erase("listen");
  }
  if (const std::string wrong = ListenAddress::parse(config.listen, settings.address);
      !wrong.empty())
    return config.places.contains("listen") ? config.source("listen", {}) + ": " + wrong : wrong;
  config.settings.address = settings.address.host;
  config.settings.port = settings.address.port;

  if (std::string wrong = read_tls(arguments, settings); !wrong.empty()) return wrong;
  take_others(config);
  if (std::string wrong = read_points(arguments, config.settings); !wrong.empty()) return wrong;
  if (std::string wrong = read_others(arguments, config.settings); !wrong.empty()) return wrong;
  if (std::string wrong = check_others(settings); !wrong.empty()) return wrong;
  if (const auto text = arguments.value("takeover")) {
    if (*text != "refuse" && *text != "newer")
      return "--takeover is refuse or newer, and not '" + *text + "'";
    config.settings.takeover =
        *text == "newer" ? pubpoint::Takeover::Newer : pubpoint::Takeover::Refuse;
  }
  if (const auto file = arguments.value("fallback")) config.fallback = *file;
  if (!config.fallback.empty())
    if (std::string wrong = read_fallback(config); !wrong.empty()) return wrong;
  if (const auto file = arguments.value("access_log")) {
    if (file->empty()) return "--access_log needs a file";
    config.access_log = *file;
  }
  if (std::string wrong = read_access(arguments, config); !wrong.empty()) return wrong;
  if (std::string wrong = read_hooks(arguments, config); !wrong.empty()) return wrong;
  if (std::string wrong = find_picture_program(config); !wrong.empty()) return wrong;
  if (std::string wrong = check_points(config.settings); !wrong.empty()) return wrong;
  if (std::string wrong = check_hls(config); !wrong.empty()) return wrong;
  if (std::string wrong = read_once(arguments, settings); !wrong.empty()) return wrong;
  return read_recording(arguments, config.settings);
}

}  // namespace wmpush::tool
