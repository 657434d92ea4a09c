#include "http_output.hpp"

extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "core/printable.hpp"
#include "secrets.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::preload {
namespace {

constexpr std::int64_t kPatience = 500'000;  // us, for each of connecting and answering
constexpr std::string_view kSchemes[] = {"http://", "https://"};

std::set<std::string, std::less<>>& outputs() {
  // Never destroyed: a program may open an output while it exits.
  static auto& instance = *new std::set<std::string, std::less<>>;
  return instance;
}

bool is_asf(std::string_view format, std::string_view url) {
  if (!format.empty()) return format == "asf" || format == "asf_stream";
  return url.ends_with(".asf") || url.ends_with(".wmv") || url.ends_with(".wma");
}

bool is_http(std::string_view url) {
  return std::ranges::any_of(kSchemes,
                             [&](std::string_view scheme) { return url.starts_with(scheme); });
}

/// `url` without scheme, user and password.
std::string_view place_of(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  return at == std::string_view::npos ? url : url.substr(at + 1);
}

}  // namespace

void note_http_outputs(int argc, char** argv) {
  std::string_view format;
  for (int i = 1; i < argc; ++i) {
    const std::string_view before = argv[i - 1];
    const std::string_view argument = argv[i];
    if (before == "-f") format = argument;
    if (before == "-i") format = {};
    if (before == "-i" || !is_http(argument) || is_users_text(before)) continue;
    if (is_asf(format, argument)) outputs().insert(std::string(argument));
    format = {};
  }
}

void warn_of_http_output(const char* url) {
  const auto output = outputs().find(std::string_view(url));
  if (output == outputs().end()) return;
  const std::string place(place_of(*output));
  wmpush_options options;
  wmpush_options_init(&options);
  options.connect_timeout = options.response_timeout = options.send_timeout = kPatience;
  ServerName name;
  options.tls_verify = 0;  // nothing is sent but the question
  const bool tls = output->starts_with("https");
  const std::string scheme = tls ? "wmpushs://" : "wmpush://";
  if (ask_server_name(scheme + place, options, name)) return;
  if (!name.server.starts_with("Cougar/") && !name.server.starts_with("Rex/")) return;
  av_log(nullptr, AV_LOG_ERROR,
         "wmpush: %s%s is ffmpeg's own HTTP output, and %s is a publishing point (%s), which "
         "takes nothing that way: write %s%s\n",
         tls ? "https://" : "http://", printable(place).c_str(), name.address.c_str(),
         printable(name.server).c_str(), scheme.c_str(), printable(place).c_str());
}

}  // namespace wmpush::preload
