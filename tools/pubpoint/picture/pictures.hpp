// The pictures of all points: made when somebody asks, and kept for who asks next.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/clock.hpp"
#include "pubpoint/picture/picture_process.hpp"
#include "pubpoint/picture/picture_settings.hpp"

namespace wmpush::pubpoint {

class KeyFrame;

/// What who asked for a picture gets.
struct Picture {
  enum class What {
    Jpeg,
    None,        ///< this key frame has none
    Unavailable  ///< now: it may be asked for again
  };
  What what = What::Unavailable;
  std::string jpeg;
  std::string etag;  ///< with its quotes; of a JPEG
  std::string why;   ///< there is none; one line
};

/// Belongs to the server's thread. Pictures are made in another one, by a program of their own: a
/// key frame that harms its decoder harms nothing else, and no packet waits for it.
class Pictures {
 public:
  using Done = std::function<void(const std::shared_ptr<const Picture>&)>;
  using Post = std::function<void(std::function<void()>)>;
  /// Points whose picture waits to be made, and those who wait for one.
  static constexpr std::size_t kMostWaiting = 1000;
  /// After a key frame that the program did not survive, its point gets no picture for so long.
  static constexpr std::chrono::seconds kRest{10};

  /// `post` has something called in the server's thread, from any thread. `log` gets a line for
  /// people and the point that it is about.
  Pictures(PictureSettings settings, Post post,
           std::function<void(const std::string& point, const std::string& line)> log);
  ~Pictures();
  Pictures(const Pictures&) = delete;
  Pictures& operator=(const Pictures&) = delete;

  const PictureSettings& settings() const { return settings_; }
  /// There is a program that makes them.
  bool are_made() const { return !settings_.program.empty(); }

  /// The picture of the newest key frame, or, where that would be the second within the interval,
  /// the last one. Null: it has to be made, and `done` is called later, once. `key_frame` is not
  /// kept.
  std::shared_ptr<const Picture> ask(const std::string& point, const KeyFrame& key_frame,
                                     Clock::time_point now, Done done);
  /// What there is of points that are not there any more.
  void forget_others(const std::function<bool(const std::string&)>& is_there);

 private:
  class Maker;
  struct Point {
    std::shared_ptr<const Picture> picture;  // the last one; null: none yet
    std::uint64_t number = 0;                // of its key frame
    Clock::time_point fresh_until{};         // no other is made before
    bool is_made = false;                    // one is under way
    std::vector<Done> waiting;
  };
  void take(const std::string& point, std::uint64_t number, Clock::time_point asked,
            MadePicture what);

  const PictureSettings settings_;
  const Post post_;
  const std::function<void(const std::string&, const std::string&)> log_;
  std::map<std::string, Point> points_;
  std::size_t waiting_ = 0;
  std::shared_ptr<Pictures*> self_;  // null within once this has gone
  std::unique_ptr<Maker> maker_;     // from the first picture on
};

}  // namespace wmpush::pubpoint
