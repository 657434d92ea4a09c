// The authentication schemes of the protocol, in the order in which they are preferred.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace wmpush::auth {

enum class Scheme : std::uint8_t { Negotiate, Ntlm, Digest, Basic };

inline constexpr std::array kPreference = {Scheme::Negotiate, Scheme::Ntlm, Scheme::Digest,
                                           Scheme::Basic};

/// "Negotiate", "NTLM", "Digest", "Basic", as they stand in a header.
std::string_view name(Scheme scheme);

/// The scheme of that name in any case; nothing for one that is not known.
std::optional<Scheme> find_scheme(std::string_view name);

/// What this build, with what is installed here, can do, the preferred one first. Digest and Basic
/// are always among it.
std::vector<Scheme> available_schemes();

}  // namespace wmpush::auth
