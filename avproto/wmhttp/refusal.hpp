// What a response that is no success means, in a result and in words.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "wmhttp/message.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

/// How the request went.
struct Way {
  std::string server{};  ///< host and port; empty: not known
  std::string proxy{};   ///< "proxy HOST:PORT", or "proxy in between" for one that was not named;
                         ///< empty: none is known
};

/// The error for a response with an error status. `doing` is "PushSetup" or "PushStart";
/// `template_named` tells whether the request named a template, which a 404 then means (2.2.2.1.1).
/// `authentication` says why a challenge cannot be met, with what to do about it.
Error refusal(const Response& response, std::string_view doing, bool template_named,
              std::string_view authentication = {}, const Way& way = {});

/// Whether the same request may do better a little later: nobody has said no for good.
bool worth_another_try(int status);

/// The error for a server that is no Windows Media server (3.1.5.1); `redirected`: a redirect led
/// to it.
Error foreign_server(const Response& response, bool redirected = false);

}  // namespace wmpush::wmhttp
