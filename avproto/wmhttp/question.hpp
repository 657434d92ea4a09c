// What an authenticator is asked, apart from the engine: another thread may do it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/failure.hpp"
#include "wmhttp/authenticator.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

/// Borrows the authenticator, which nobody else may use until it has answered.
class Question {
 public:
  /// Whether it can meet a challenge.
  Question(Authenticator& who, std::vector<std::string> fields, Authenticator::Occasion occasion)
      : who_(who), fields_(std::move(fields)), occasion_(occasion) {}
  /// Whether it has what the next request needs.
  explicit Question(Authenticator& who) : who_(who) {}

  const Authenticator& who() const { return who_; }
  bool is_about_challenge() const { return occasion_.has_value(); }
  bool takes_time() const { return is_about_challenge() ? who_.takes_time(fields_) : true; }

  /// Asks. What goes wrong, answer().failure says.
  void ask() noexcept {
    try {
      if (!is_about_challenge()) return who_.prepare();
      answer_.again = who_.challenged(fields_, *occasion_);
      answer_.notes = who_.take_notes();
      if (!answer_.again) answer_.explanation = who_.explanation();
    } catch (...) {
      answer_.failure = current_failure();
    }
  }

  struct Answer {
    bool again = false;       ///< the request is to be sent again
    std::string explanation;  ///< why that is no use
    std::vector<Authenticator::Note> notes;
    Error failure;
  };
  Answer& answer() { return answer_; }

 private:
  Authenticator& who_;
  const std::vector<std::string> fields_;
  const std::optional<Authenticator::Occasion> occasion_;
  Answer answer_;
};

}  // namespace wmpush::wmhttp
