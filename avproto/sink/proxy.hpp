// Which proxy a push goes through.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wmhttp/url.hpp"
#include "wmpush/result.hpp"

namespace wmpush {

struct Proxy {
  /// Who named it.
  enum class Source { Option, Environment, EnvironmentTls, Server };

  wmhttp::Destination address;
  std::string user;  ///< percent-decoded; empty: none
  std::optional<std::string> password;
  Source source = Source::Option;

  /// "proxy HOST:PORT", for people.
  std::string display() const;
};

/// Takes "http://[user[:password]@]host[:port][/]" apart; "http://" may be left out, the port is
/// then 80, as in FFmpeg. E_INVALIDARG with a message that repeats nothing of a password.
Error parse_proxy(std::string_view text, Proxy::Source source, Proxy& proxy);

/// Whether `list`, the value of no_proxy, names `server`. Its entries are separated by commas or
/// spaces: "*"; a domain, with or without a dot in front, that stands for all hosts in it; an
/// address, also with the length of a prefix (10.0.0.0/8). A port may follow: then only it is
/// meant.
bool is_excepted(std::string_view list, const wmhttp::Destination& server);

/// The proxy on the way to `server`: what `option` says (empty: none); when it is null, what
/// http_proxy in the environment says, or for a server of TLS https_proxy or HTTPS_PROXY, unless
/// no_proxy or NO_PROXY there names the server. As everywhere HTTP_PROXY does not count, which a
/// web server sets for its scripts from a request.
Error choose_proxy(const char* option, const wmhttp::Destination& server,
                   std::optional<Proxy>& proxy);

/// What an attempt to connect to the proxy that failed means, and what can be done about it.
Error unreachable(const Proxy& proxy, Error why);

}  // namespace wmpush
