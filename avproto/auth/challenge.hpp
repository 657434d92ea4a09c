// What a server or a proxy asks for: the WWW-Authenticate and Proxy-Authenticate fields (RFC 9110,
// section 11). SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wmpush::auth {

/// More challenges than this in one field are not read: nobody offers so many schemes.
inline constexpr std::size_t kMaxChallenges = 32;

struct Challenge {
  std::string scheme;  ///< as it was sent
  std::string token;   ///< token68, still in base64; empty when there was none
  /// Names in lower case, values unquoted, in order.
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The first parameter of that name, which is given in lower case.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

/// All challenges in one field value. What cannot be read is passed over: a server's odd taste in
/// commas must not keep a scheme from being found.
std::vector<Challenge> parse_challenges(std::string_view field);

/// Whether two texts are the same but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

/// `text` as a quoted-string.
std::string quoted_string(std::string_view text);

}  // namespace wmpush::auth
