// What a push to each of the receivers of the field comes to: what the test expects, and what the
// document tells.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "wmpush/result.hpp"

namespace wmpush::test {

enum class FieldEvent {
  End,          ///< nothing happens but the end
  Restart,      ///< the receiver is killed and started again
  Cut,          ///< the TCP connection alone is reset
  NextEntry,    ///< the input has a second header
  LargeHeader,  ///< the ASF header has more than 8192 bytes
  Silence,      ///< nothing is sent for longer than 60 s
  SecondPush,   ///< another encoder pushes to the same point
  SetupAlone    ///< someone asks with a PushSetup, as `wmpush probe` does
};

/// "a restart of the receiver"
const char* text_of(FieldEvent event);

struct FieldExpectation {
  char receiver;
  FieldEvent event;
  bool reconnect;
  Result result;
  const char* last_line;  ///< part of it; empty: there is none
  bool whole;             ///< every packet has come, none twice
  const char* told;       ///< for the document: what happens to the push
};

const std::vector<FieldExpectation>& field_expectations();
void PrintTo(const FieldExpectation& expectation, std::ostream* out);

}  // namespace wmpush::test
