// Goes through the schemes that a server or a proxy offers until one is accepted.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/mechanism.hpp"

namespace wmpush::auth {

/// Challenges that are answered without a success in between, at the most: three for Negotiate, two
/// for NTLM, three for Digest (stale nonces), one for Basic, and one to spare.
inline constexpr int kMaxRounds = 10;

/// Challenges in, header out. One object is about one server or proxy, whose host the credentials
/// name: they are never to be shown to another. Each scheme gets one try. Basic, which shows the
/// password to whoever can read the connection, gets none where another scheme has been refused:
/// who refuses the right password may only want to see it.
class SchemeNegotiation {
 public:
  using Maker = std::function<std::unique_ptr<Mechanism>(Scheme, const Credentials&)>;

  /// `pinned`: the only scheme to be used; Basic is then used without any reserve. `available`:
  /// what can be done here. `maker` is for tests.
  SchemeNegotiation(Credentials credentials, std::optional<Scheme> pinned,
                    std::vector<Scheme> available = available_schemes(),
                    Maker maker = make_mechanism);

  /// Basic may follow a scheme that was refused, as if the others were not there.
  void allow_basic_after_refusal() { basic_after_refusal_ = true; }

  /// Where a challenge came.
  struct Occasion {
    bool setup = true;  ///< there may be rounds without a body; a PushStart cannot be NTLM's
    bool connection_kept = true;  ///< the next request can go out on the same connection
  };
  /// Takes the (WWW- or Proxy-Authenticate) fields of one response. True: the request is to be sent
  /// again, with authorization(). False: explanation() says why there is no more to try.
  bool challenged(std::span<const std::string> fields, const Occasion& occasion);

  /// challenged() with these fields may have to ask somebody for a ticket, which takes time.
  bool takes_time(std::span<const std::string> fields) const;

  /// authorization() may, unless prepare() has done that.
  bool unprepared() const { return current_ && current_->unprepared(); }
  void prepare() { current_->prepare(); }
  /// The value of the field for the next request; empty when it needs none.
  std::string authorization(const RequestLine& request);
  /// The next request is one round of several on its connection, and no real one.
  bool incomplete() const { return current_ && current_->incomplete(); }
  /// The last request was let in.
  void accepted();
  /// A new session begins, on a new connection: what could not be done may be possible now, but a
  /// scheme that was refused gets no second try.
  void begin_anew();

  /// What the last challenge is being answered with, for people: "Digest, realm 'x', user 'y'".
  std::string attempt() const;
  /// Why the password is shown although something better was on offer, when the last challenge is
  /// being answered by Basic: "Negotiate: no ticket". Empty otherwise.
  std::string reason_for_basic() const;
  /// What was offered, what was refused, what could not be done, and what to do about it.
  std::string explanation() const;

 private:
  struct Trial {
    Scheme scheme;
    std::string realm;
    std::string why;  // it could not be done; empty: it was refused
  };

  void remember(std::span<const std::string> fields);
  bool begin_next(const Occasion& occasion);
  bool basic_allowed() const;
  std::string impossible() const;
  void give_up(std::string why);

  const Credentials credentials_;
  const std::optional<Scheme> pinned_;
  const std::vector<Scheme> available_;
  const Maker maker_;
  bool basic_after_refusal_ = false;
  std::unique_ptr<Mechanism> current_;
  Scheme scheme_ = Scheme::Basic;  // of current_
  std::string realm_;
  // What is on offer: a response in the middle of a scheme's rounds may name that scheme alone, but
  // does not take the others back.
  std::vector<Challenge> offers_;
  std::vector<Trial> over_;  // what needs no further try
  int rounds_ = 0;
  bool basic_left_out_ = false;
};

}  // namespace wmpush::auth
