#include "core/log.hpp"

#include <algorithm>
#include <exception>

#include "core/printable.hpp"
#include "core/secret_text.hpp"
#include "core/utf8.hpp"

namespace wmpush {
namespace {

constexpr std::size_t kShortestSecret = 3;
constexpr std::size_t kLongestLine = 1000;

}  // namespace

void Log::hide(std::string_view text) {
  if (text.size() < kShortestSecret) return;
  secrets_.emplace_back(text);
  // The longest first: one secret may be a part of another.
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Log::line(std::string_view text) const {
  std::string masked(text);
  for (const std::string& secret : secrets_)
    for (std::size_t at = 0; (at = masked.find(secret, at)) != std::string::npos; at += 3)
      masked.replace(at, secret.size(), "***");
  masked = mask_secrets(masked);

  std::string out;
  std::string_view rest = masked;
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    const std::string piece = printable(rest.substr(0, std::max<std::size_t>(length, 1)));
    if (out.size() + piece.size() + 3 > kLongestLine) {
      out += "...";
      break;
    }
    out += piece;
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void Log::write(wmpush_log_level level, std::string_view text) const noexcept {
  if (callback_ == nullptr) return;
  std::string made;
  const char* shown = "out of memory: a line of the log is lost";
  try {
    made = line(text);
    shown = made.c_str();
  } catch (const std::exception&) {  // it is lost, as `shown` says
  }
  try {
    callback_(opaque_, level, shown);
  } catch (...) {  // the program's own, which is not for the session
  }
}

}  // namespace wmpush
