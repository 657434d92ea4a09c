// What an administrator may do to the pushes and viewers of a running server.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "pubpoint/access/form_tokens.hpp"

namespace wmpush::pubpoint {

class Service;

/// Whoever has shown a password, and from where.
struct Administrator {
  std::string user;
  std::string peer;  ///< address and port
};

/// What is to be done.
struct AdminAct {
  static constexpr std::string_view kDisconnectEncoder = "disconnect_encoder";
  static constexpr std::string_view kEndPush = "end_push";
  static constexpr std::string_view kDisconnectViewer = "disconnect_viewer";
  static constexpr std::string_view kStartRecording = "start_recording";
  static constexpr std::string_view kStopRecording = "stop_recording";

  /// Nobody pushed when the form was loaded.
  static constexpr std::string_view kNoEncoder = "-";

  std::string what;    ///< one of the acts
  std::string point;   ///< "/live"
  std::string viewer;  ///< its number, or its address and port
  /// Address and port of the encoder that is meant, or kNoEncoder; empty: whichever pushes. A form
  /// that was loaded while another one pushed does this one no harm.
  std::string encoder;
};

struct AdminOutcome {
  enum class Kind { Done, NothingToDo, NotUnderstood };
  Kind kind;
  std::string text;  ///< one line for people: what was done, or why nothing was
};

/// Does it, and logs who did. In the server's thread.
AdminOutcome perform(Service& service, const AdminAct& act, const Administrator& administrator);

/// What the pages of administrators remember from one request to the next. Belongs to the server's
/// thread.
class Administration {
 public:
  /// That are kept to be shown; one that nobody came for goes first.
  static constexpr std::size_t kMostNotices = 100;

  const FormTokens& tokens() const { return tokens_; }

  /// Keeps a line for the page that its user sees next. What that is asked for with names it: the
  /// line itself could be made by anybody.
  std::string keep_notice(std::string user, std::string text);
  /// Empty: there is none of that name for this user.
  std::string notice(std::string_view name, std::string_view user) const;

 private:
  struct Notice {
    std::string name;
    std::string user;
    std::string text;
  };
  FormTokens tokens_;
  std::deque<Notice> notices_;
};

}  // namespace wmpush::pubpoint
