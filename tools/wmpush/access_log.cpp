#include "access_log.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <system_error>

#include "core/secret_text.hpp"

namespace wmpush::tool {
namespace {

constexpr std::size_t kLongestField = 2000;

/// As Apache escapes it; `also` is one character more that may not stand there.
std::string escaped(std::string_view text, char also) {
  std::string line;
  for (const char c : text.substr(0, kLongestField)) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c < ' ' || c > '~' || c == also) {
      char digits[8];
      std::snprintf(digits, sizeof digits, "\\x%02x", static_cast<unsigned char>(c));
      line += digits;
    } else {
      line += c;
    }
  }
  return line.empty() ? "-" : line;
}

std::string log_quoted(std::string_view text) {
  return '"' + escaped(mask_secrets(text), '\0') + '"';
}

std::string time_text(std::chrono::system_clock::time_point time) {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "[%02d/%s/%04d:%02d:%02d:%02d +0000]", parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                parts.tm_sec);
  return text;
}

}  // namespace

std::string access_line(const pubpoint::RequestRecord& request) {
  return escaped(request.address, ' ') + " - " + escaped(request.user, ' ') + ' ' +
         time_text(request.time) + ' ' + log_quoted(request.line) + ' ' +
         (request.status == 0 ? "-" : std::to_string(request.status)) + ' ' +
         (request.bytes == 0 ? "-" : std::to_string(request.bytes)) + ' ' +
         log_quoted(request.referer) + ' ' + log_quoted(request.user_agent);
}

std::string open_access_log(const std::string& file, int& descriptor) {
  // Not to wait for the reader of a named pipe.
  descriptor =
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
  if (descriptor >= 0) return {};
  return "cannot open the access log " + file + ": " + std::generic_category().message(errno);
}

}  // namespace wmpush::tool
