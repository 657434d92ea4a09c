#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "core/printable.hpp"
#include "core/utf8.hpp"

namespace wmpush::tool {
namespace {

constexpr std::size_t kUsualColumns = 80;

std::size_t columns_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

void put(int descriptor, std::string_view text) {
  // A terminal that cannot take the line misses it: the push is what matters.
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Columns of a bar with the space behind it. A shorter one says nothing.
constexpr std::size_t kShortestBar = 8;
constexpr std::size_t kLongestBar = 32;

/// "[####......]" of `size` columns.
std::string bar(double done, std::size_t size) {
  const std::size_t inside = size - 2;
  const auto full = static_cast<std::size_t>(done * static_cast<double>(inside));
  return "[" + std::string(std::min(full, inside), '#') +
         std::string(inside - std::min(full, inside), '.') + "]";
}

std::string counted(std::uint64_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

/// Bytes of the first `count` characters of UTF-8.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count)
    at += std::max<std::size_t>(utf8_length(text.substr(at)), 1);
  return at;
}

std::string first_characters(const std::string& text, std::size_t count) {
  return text.substr(0, bytes_of(text, count));
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(bytes_of(text, 1));
  return count;
}

}  // namespace

std::optional<std::chrono::microseconds> time_left(double done, std::chrono::microseconds elapsed) {
  constexpr std::chrono::milliseconds kShortest{500};
  constexpr double kLeast = 0.001;
  if (elapsed < kShortest || done < kLeast) return std::nullopt;
  const std::chrono::duration<double, std::micro> rest(static_cast<double>(elapsed.count()) *
                                                       (1 - done) / done);
  return std::chrono::duration_cast<std::chrono::microseconds>(rest);
}

std::string clock_text(std::chrono::microseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  char text[40];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
                static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  return text;
}

std::string bit_rate_text(double bits_per_second) {
  char text[40];
  if (bits_per_second < 10e6)
    std::snprintf(text, sizeof text, "%.0f kbit/s", bits_per_second / 1e3);
  else
    std::snprintf(text, sizeof text, "%.1f Mbit/s", bits_per_second / 1e6);
  return text;
}

std::string entry_text(std::size_t number, std::size_t count, std::string_view path) {
  constexpr std::size_t kLongestName = 24;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::string shown;
  std::string_view rest = name;
  for (std::size_t characters = 0; !rest.empty() && characters < kLongestName; ++characters) {
    const std::size_t length = utf8_length(rest);
    const std::string_view character = rest.substr(0, std::max<std::size_t>(length, 1));
    shown += length == 0 || !is_printable(character) ? "?" : character;
    rest.remove_prefix(character.size());
  }
  return std::to_string(number) + "/" + std::to_string(count) + " " + shown;
}

void RateMeter::add(Clock::time_point now, std::uint64_t bytes_in_all) {
  moments_.push_back({now, bytes_in_all});
  // One moment at or before the start of the window stays: the window reaches back to it.
  while (moments_.size() > 2 && now - moments_[1].time >= kWindow) moments_.pop_front();
}

double RateMeter::bits_per_second() const {
  if (moments_.size() < 2) return 0;
  const std::chrono::duration<double> time = moments_.back().time - moments_.front().time;
  if (time.count() <= 0) return 0;
  return 8.0 * static_cast<double>(moments_.back().bytes - moments_.front().bytes) / time.count();
}

ProgressLine::ProgressLine(int descriptor)
    : descriptor_(descriptor), on_terminal_(isatty(descriptor) == 1) {}

bool ProgressLine::due(Clock::time_point now) const {
  return on_terminal_ && (!last_ || now - *last_ >= kInterval);
}

void ProgressLine::show(const Progress& progress, Clock::time_point now) {
  if (!due(now)) return;
  last_ = now;
  rate_.add(now, progress.bytes);
  // The last column stays free: some terminals break the line when it is used.
  put(descriptor_,
      "\r" + text(progress, rate_.bits_per_second(), columns_of(descriptor_) - 1) + "\x1b[K");
  drawn_ = true;
}

void ProgressLine::say(std::string_view words) {
  if (!on_terminal_) return;
  put(descriptor_, "\r" + std::string(words.substr(0, columns_of(descriptor_) - 1)) + "\x1b[K");
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!drawn_) return;
  put(descriptor_, "\r\x1b[K");
  drawn_ = false;
}

std::string ProgressLine::text(const Progress& progress, double bits_per_second,
                               std::size_t columns) {
  // In the order in which they stand; the rank tells what is left out first, the highest.
  struct Part {
    std::string text;
    int rank;
  };
  std::vector<Part> parts;
  if (!progress.entry.empty()) parts.push_back({progress.entry, 3});
  parts.push_back({clock_text(progress.media), 0});
  parts.push_back({bit_rate_text(bits_per_second), 4});
  parts.push_back({counted(progress.packets, "packet", "packets"), 6});
  if (progress.done) {
    char percent[16];
    std::snprintf(percent, sizeof percent, "%.0f%%", *progress.done * 100);
    parts.push_back({percent, 1});
  }
  if (progress.left) parts.push_back({clock_text(*progress.left) + " left", 2});
  if (progress.reconnecting)
    parts.push_back({"connecting again", 0});
  else if (progress.reconnects > 0)
    parts.push_back({counted(progress.reconnects, "reconnect", "reconnects"), 5});
  if (progress.dropped > 0) parts.push_back({std::to_string(progress.dropped) + " dropped", 3});
  if (progress.waiting > 0) parts.push_back({std::to_string(progress.waiting) + " waiting", 5});

  constexpr std::size_t kGap = 2;
  const auto width = [&] {
    std::size_t all = 0;
    for (const Part& part : parts) all += (all > 0 ? kGap : 0) + characters(part.text);
    return all;
  };
  while (parts.size() > 1 && width() > columns)
    parts.erase(std::ranges::max_element(parts, {}, &Part::rank));
  std::size_t room = columns - std::min(columns, width());
  std::string line;
  for (const Part& part : parts) {
    line += (line.empty() ? "" : "  ");
    if (progress.done && part.rank == 1 && room > kShortestBar) {
      const std::size_t size = std::min(room, kLongestBar);
      line += bar(*progress.done, size - 1) + " ";
      room = 0;
    }
    line += part.text;
  }
  return first_characters(line, columns);
}

}  // namespace wmpush::tool
