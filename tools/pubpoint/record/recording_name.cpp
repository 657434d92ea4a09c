#include "pubpoint/record/recording_name.hpp"

#include <algorithm>
#include <ctime>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kLongestPart = 100;
constexpr std::size_t kLongestName = 200;

std::string safe(const std::string& text, std::size_t longest) {
  std::string name;
  for (const char c : text.substr(0, longest)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || ((c == '.' || c == '-') && !name.empty());
    if (good)
      name += c;
    else if (!name.empty())
      name += '_';
  }
  return name.empty() ? "push" : name;
}

std::string utc(std::chrono::system_clock::time_point now, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

/// What is in braces at `at` of the pattern, braces included; empty when nothing is.
std::string placeholder(const std::string& pattern, std::size_t at) {
  const std::size_t end = pattern.find('}', at);
  if (pattern[at] != '{' || end == std::string::npos) return {};
  return pattern.substr(at, end - at + 1);
}

}  // namespace

std::string recording_name(const std::string& pattern, const std::string& point,
                           std::chrono::system_clock::time_point now, unsigned entry) {
  std::string name;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::string part = placeholder(pattern, at);
    at += std::max<std::size_t>(part.size(), 1);
    if (part == "{point}")
      name += safe(point, kLongestPart);
    else if (part == "{date}")
      name += utc(now, "%Y%m%d");
    else if (part == "{time}")
      name += utc(now, "%H%M%S");
    else if (part == "{entry}")
      name += std::to_string(entry);
    else
      name += part.empty() ? std::string(1, pattern[at - 1]) : part;
  }
  return safe(name, kLongestName);
}

std::string check_recording_name(const std::string& pattern) {
  if (pattern.empty()) return "a recording needs a name";
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '/') return "'" + pattern + "' names a folder: a recording is named here";
    const std::string part = placeholder(pattern, at);
    if (pattern[at] == '{' && part != "{point}" && part != "{date}" && part != "{time}" &&
        part != "{entry}")
      return "'" + pattern +
             "' has a brace, and only {point}, {date}, {time} and {entry} are known";
  }
  return {};
}

}  // namespace wmpush::pubpoint
