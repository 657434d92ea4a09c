// What has come of the call of a hook.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace wmpush::pubpoint {

struct HookAnswer {
  enum class What {
    Granted,  ///< exit status 0, or a status of HTTP from 200 to 299
    Refused,  ///< an exit status from 1 to 125, or a status of HTTP from 400 to 499
    Failed    ///< everything else: it could not be asked, or it did not say
  };
  What what = What::Failed;
  std::string why{};  ///< of what was not granted: a part of a line

  /// Of an answer over HTTP; 0: granted.
  int status() const { return what == What::Granted ? 0 : what == What::Refused ? 403 : 503; }
};

}  // namespace wmpush::pubpoint
