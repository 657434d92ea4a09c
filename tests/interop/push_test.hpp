// The fixture of tests that push through programs of others. SPDX-License-Identifier:
// LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "interop/arrangement.hpp"
#include "interop/numbered_stream.hpp"
#include "pubpoint/server.hpp"
#include "support/certificates.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"
#include "support/push_fixture.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {

/// A publishing point that records, a client with every log line kept, and a folder that every user
/// of the machine may write to: the programs of others give up being root.
class PushTest : public PushFixture {
 protected:
  PushTest();

  /// Starts the publishing point, of which there is none before. Its recordings go to a folder of
  /// their own.
  void listen(pubpoint::Settings settings = {});

  /// What a push of all this must have come to: everything arrived, once and in order, the end as
  /// well, in a single session, and no rule was broken.
  void expect_delivered(const NumberedStream& stream);
  /// The latest session; an empty one when there was none.
  pubpoint::SessionReport session() const;
  /// That nothing that was logged or printed has this in it.
  void expect_unsaid(const std::string& secret) const;
  /// The number of times that something stands in a text.
  static std::size_t count(const std::string& text, const std::string& what);

  /// What to look at when something went wrong: the log, the error, the broken rules.
  std::string said() const;

  /// The port of the publishing point by which to go through this.
  std::uint16_t origin_port(const Arrangement& arrangement) const;

  TemporaryDirectory folder;
  Certificates certificates;
  const std::string authority = certificates.authority().string();
  ServerHabits habits;
  std::unique_ptr<FaultyServer> point;
};

}  // namespace wmpush::test
