// Finds out by short pushes how a receiver behaves.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "wmpush/push_sink.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::tool {

/// What was found out about one thing.
struct Finding {
  std::string what;   ///< "end", for programs
  std::string found;  ///< one word or a number, for programs
  std::string text;   ///< for people, without a full stop
};

/// An option of a push that suits the receiver.
struct Advice {
  std::string option;  ///< as in the table of options
  std::string value;
  std::string why;
};

/// Pushes silence to one publishing point again and again, each time to see one thing. Blocks.
class ReceiverCheck {
 public:
  /// Told before each trial what it is about.
  using Progress = std::function<void(const std::string& what)>;

  /// `options` are those of every push; the callbacks in it must stay valid. `silence`: how long a
  /// push is to be silent, 0 = that is not tried.
  ReceiverCheck(std::string url, const wmpush_options& options, std::chrono::seconds silence,
                Progress progress);

  /// An error when no push was taken at all, or it was interrupted: what had been found by then
  /// stays.
  Error run();

  const std::vector<Finding>& findings() const { return findings_; }
  const std::vector<Advice>& advice() const { return advice_; }
  const PublishingPointInfo& publishing_point() const { return point_; }

 private:
  struct Trial;
  struct Plan;

  Trial push(const Plan& plan);
  Error connect(PushSink& sink) const;
  bool begin(const char* what);
  void found(std::string what, std::string value, std::string text);
  void advise(std::string option, std::string value, std::string why);
  void note_interruption(const Error& error);
  void not_tried(const char* what, const Error& error);

  Error try_plain_push();
  void try_second_encoder();
  void try_length();
  void try_header();
  void try_packet();
  void try_next_entry();
  void try_silence();

  const std::string url_;
  wmpush_options options_;
  const std::chrono::seconds silence_;
  const Progress progress_;
  Error interrupted_;
  bool taken_once_ = false;
  PublishingPointInfo point_;
  std::vector<Finding> findings_;
  std::vector<Advice> advice_;
};

}  // namespace wmpush::tool
