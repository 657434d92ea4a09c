#include "time_span.hpp"

#include <charconv>
#include <cstdint>

namespace wmpush::tool {
namespace {

using std::chrono::seconds;

constexpr seconds kLongest = std::chrono::hours(24) * 3650;

}  // namespace

bool parse_time_span(std::string_view text, seconds& span) {
  std::int64_t unit = 1;
  if (!text.empty()) {
    constexpr std::string_view kUnits = "smhd";
    constexpr std::int64_t kSeconds[] = {1, 60, 3600, 86400};
    if (const std::size_t at = kUnits.find(text.back()); at != kUnits.npos) {
      unit = kSeconds[at];
      text.remove_suffix(1);
    }
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 ||
      number > kLongest.count() / unit)
    return false;
  span = seconds(number * unit);
  return true;
}

}  // namespace wmpush::tool
