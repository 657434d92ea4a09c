#include "pubpoint/http/conditions.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {
namespace {

/// Nothing when there is none, or none but digits.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has_body(const RequestHead& head) {
  const auto lengths = head.values("Content-Length");
  return !head.values("Transfer-Encoding").empty() ||
         std::ranges::any_of(lengths, [](std::string_view each) { return trimmed(each) != "0"; });
}

}  // namespace

bool closes_after(const RequestHead& head, bool body_was_read) {
  return head.version == 10 || head.lists("Connection", "close") ||
         (has_body(head) && !body_was_read);
}

bool is_known(const RequestHead& head, std::string_view etag) {
  return head.lists("If-None-Match", etag) || head.lists("If-None-Match", "*") ||
         head.lists("If-None-Match", "W/" + std::string(etag));
}

std::optional<ByteRange> range_of(const RequestHead& head, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  std::string_view text = trimmed(head.first("Range"));
  if (!text.starts_with(kUnit) || !head.values("If-Range").empty()) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const std::string_view from = text.substr(0, dash);
  const std::string_view to = text.substr(dash + 1);
  const auto first = number(from);
  const auto last = number(to);
  if (from.empty() && last) {  // the last so many
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(*last, size));
    return ByteRange{size - count, count};
  }
  if (!first || (!last && !to.empty()) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return ByteRange{size, 0};
  const std::uint64_t end = last ? std::min<std::uint64_t>(*last, size - 1) + 1 : size;
  return ByteRange{static_cast<std::size_t>(*first), static_cast<std::size_t>(end - *first)};
}

}  // namespace wmpush::pubpoint
