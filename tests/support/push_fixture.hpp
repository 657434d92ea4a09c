// Pushes from their first byte to their end, and what is known of the last one.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/bytes.hpp"
#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "support/log_lines.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {

/// A client with every log line kept.
class PushFixture : public ::testing::Test {
 protected:
  PushFixture() {
    wmpush_options_init(&options);
    keep_log(options, lines);
  }

  /// Pushes ASF in pieces of 4 KiB; the result of the first call that failed.
  Result push(const std::string& url, Bytes asf = as_bytes(clip())) {
    constexpr std::size_t kPiece = 4096;
    PushSink sink(options);
    Result result = sink.Connect(url);
    while (succeeded(result) && !asf.empty()) {
      const Bytes piece = asf.first(std::min(kPiece, asf.size()));
      asf = asf.subspan(piece.size());
      result = sink.write(piece);
    }
    if (succeeded(result)) result = sink.EndSession();
    packets = sink.stats().packets_sent;
    message = sink.last_error().message;
    return result;
  }

  static void expect_no_breach(const pubpoint::Server& server) {
    for (const auto& breach : server.breaches())
      ADD_FAILURE() << breach.rule << ": " << breach.text;
  }
  /// All that the last push sent has arrived there, and its end.
  void expect_delivered(const pubpoint::Server& server) const {
    ASSERT_FALSE(server.sessions().empty());
    const auto session = server.sessions().back();
    EXPECT_EQ(session.packets, packets);
    EXPECT_GT(packets, 0u);
    EXPECT_TRUE(session.end_of_stream);
    expect_no_breach(server);
  }

  wmpush_options options;
  std::string lines;          ///< of the log
  std::string message;        ///< of the last push's error
  std::uint64_t packets = 0;  ///< that the last push sent
};

}  // namespace wmpush::test
