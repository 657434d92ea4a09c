// How the engine has challenges answered (MS-WMHTTP 3.1.5.1, 3.1.5.2) without knowing credentials.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wmpush/wmpush.h"

namespace wmpush::wmhttp {

/// Answers the challenges of one server or one proxy. It belongs to one host: the owner of the
/// engine gives another, or none, where a request goes elsewhere.
class Authenticator {
 public:
  Authenticator() = default;
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  virtual ~Authenticator() = default;

  /// Where a challenge came.
  struct Occasion {
    bool setup = true;            ///< PushSetup, or a proxy's: there may be rounds without a body;
                                  ///< false: a server's, to a PushStart
    bool connection_kept = true;  ///< the next request can go out on the same connection
  };
  /// Takes the challenge fields of one response. True: send the request again, with what
  /// authorization() gives; false: explanation() says in one clause why that is no use.
  virtual bool challenged(std::span<const std::string> fields, const Occasion& occasion) = 0;
  /// That may take time: somebody else has to be asked for a ticket.
  virtual bool takes_time(std::span<const std::string>) const { return false; }
  virtual std::string explanation() const = 0;
  /// What the log is to hear of the last challenge.
  struct Note {
    wmpush_log_level level;
    std::string text;
  };
  virtual std::vector<Note> take_notes() { return {}; }

  /// The value of Authorization or Proxy-Authorization for the request that is sent next; empty:
  /// without one. Asked once for each request.
  virtual std::string authorization(std::string_view method, std::string_view target) = 0;
  /// That may take time, since something has to be got for it that prepare() would get beforehand.
  virtual bool unprepared() const { return false; }
  virtual void prepare() {}
  /// That request is only a round of a scheme that lets a connection in: it carries no body.
  virtual bool incomplete() const = 0;
  /// It was let in.
  virtual void accepted() = 0;
  /// A session is to be set up anew, on a new connection. What could not be done on a PushStart may
  /// be tried again; what was refused stays refused.
  virtual void begin_anew() = 0;
};

}  // namespace wmpush::wmhttp
