#include "push_options.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace wmpush::tool {
namespace {

std::string value_name(const wmpush_option_info& info) {
  switch (info.type) {
    case WMPUSH_OPTION_FLAG:
      return "0|1";
    case WMPUSH_OPTION_INTEGER:
      return "NUMBER";
    case WMPUSH_OPTION_DURATION:
      return "DURATION";
    case WMPUSH_OPTION_TEXT:
      break;
  }
  if (*info.values != '\0') return info.values;
  return std::string_view(info.name).ends_with("_file") ? "FILE" : "TEXT";
}

std::string described(const wmpush_option_info& info) {
  std::string text = info.help;
  if (info.not_in_url != 0) text += " (not in the URL)";
  if (info.type == WMPUSH_OPTION_TEXT) return text;
  text += " (";
  if (info.type != WMPUSH_OPTION_FLAG)
    text += option_value_text(info, info.minimum) + " to " + option_value_text(info, info.maximum) +
            "; ";
  return text + "default " + option_value_text(info, info.default_value) + ")";
}

}  // namespace

std::string option_value_text(const wmpush_option_info& info, std::int64_t value) {
  if (info.type == WMPUSH_OPTION_DURATION) {
    constexpr std::int64_t kMillisecond = 1000;
    constexpr std::int64_t kSecond = 1000 * kMillisecond;
    if (value % kSecond == 0) return std::to_string(value / kSecond) + " s";
    if (value % kMillisecond == 0) return std::to_string(value / kMillisecond) + " ms";
  }
  const std::string unit = info.unit;
  return std::to_string(value) + (unit.empty() ? "" : " " + unit);
}

std::vector<Flag> PushOptions::flags() {
  std::vector<Flag> flags;
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i)
    flags.push_back({info->name, value_name(*info), described(*info)});
  return flags;
}

Error PushOptions::take(const Arguments& arguments) {
  const std::vector<Flag> known = flags();
  for (const auto& [name, value] : arguments.options()) {
    if (std::ranges::find(known, name, &Flag::name) == known.end()) continue;
    wmpush_error error{};
    error.size = sizeof error;
    const auto result = static_cast<Result>(
        wmpush_options_set(&options_, name.c_str(), texts_.emplace_back(value).c_str(), &error));
    if (failed(result)) return {result, 0, 0, error.message};
  }
  return {};
}

}  // namespace wmpush::tool
