// The line that a person watches during a push.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace wmpush::tool {

/// "01:02:03"; from 100 hours on the hours take more digits.
std::string clock_text(std::chrono::microseconds time);

/// "824 kbit/s"; "12.4 Mbit/s" from 10 Mbit/s on.
std::string bit_rate_text(double bits_per_second);

/// Bits per second over the last seconds.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kWindow{5};

  void add(Clock::time_point now, std::uint64_t bytes_in_all);
  /// 0 until two moments are known.
  double bits_per_second() const;

 private:
  struct Moment {
    Clock::time_point time;
    std::uint64_t bytes;
  };
  std::deque<Moment> moments_;
};

/// "2/3 film.wmv" for the second of three inputs: its name without the folder, short enough to
/// leave room for the numbers, and without control characters.
std::string entry_text(std::size_t number, std::size_t count, std::string_view path);

/// What there is to show.
struct Progress {
  std::chrono::microseconds media{0};  ///< last minus first send time
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;          ///< that the kernel took
  std::optional<double> done = {};  ///< 0 to 1 of the input; nothing when its size is not known
  std::string entry = {};           ///< which one of several: "2/3 film.wmv"; empty for one alone
  std::optional<std::chrono::microseconds> left = {};  ///< until the end of the input
  std::uint64_t waiting = 0;     ///< packets that the network has not taken yet
  std::uint64_t dropped = 0;     ///< packets left out, because the network was too slow
  std::uint64_t reconnects = 0;  ///< times that the connection was made again
  bool reconnecting = false;     ///< it is made again now
};

/// How long the rest takes at the pace so far; nothing while there is too little to tell by.
std::optional<std::chrono::microseconds> time_left(double done, std::chrono::microseconds elapsed);

/// One line, redrawn in place at most five times a second; silent when `file` is no terminal.
class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kInterval{200};

  /// `descriptor` is borrowed.
  explicit ProgressLine(int descriptor);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool on_terminal() const { return on_terminal_; }
  /// True when enough time has passed since the line was drawn.
  bool due(Clock::time_point now) const;
  void show(const Progress& progress, Clock::time_point now);
  /// Draws these words, which say what is waited for, in place of the numbers.
  void say(std::string_view words);
  /// Wipes the line, so that something else can be printed there.
  void clear();

  /// The text without control characters, of at most `columns` characters: what matters least is
  /// left out first, and a bar takes what room is left.
  static std::string text(const Progress& progress, double bits_per_second, std::size_t columns);

 private:
  int descriptor_;
  bool on_terminal_;
  bool drawn_ = false;
  std::optional<Clock::time_point> last_;
  RateMeter rate_;
};

}  // namespace wmpush::tool
