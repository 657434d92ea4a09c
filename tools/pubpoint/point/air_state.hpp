// Whether there is something to see at a publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace wmpush::pubpoint {

enum class AirState {
  OnAir,    ///< a push comes in
  Waiting,  ///< no push comes in, and somebody waits for one: the viewers of an encoder that was
            ///< lost, those of the fallback, or who came before the push
  Off       ///< neither
};

}  // namespace wmpush::pubpoint
