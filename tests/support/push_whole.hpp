// A push from its first byte to its end. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <string>

#include "core/bytes.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {

/// In pieces of 4 KiB; the result of the first call that failed.
inline Result push_whole(PushSink& sink, const std::string& url, Bytes asf) {
  constexpr std::size_t kPiece = 4096;
  Result result = sink.Connect(url);
  while (succeeded(result) && !asf.empty()) {
    const Bytes piece = asf.first(std::min(kPiece, asf.size()));
    asf = asf.subspan(piece.size());
    result = sink.write(piece);
  }
  return succeeded(result) ? sink.EndSession() : result;
}

}  // namespace wmpush::test
