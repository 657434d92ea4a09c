// Prints what a push to each receiver of the field comes to, as RECEIVERS.md has it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <cstring>

#include "support/field_expectations.hpp"

using wmpush::test::field_expectations;
using wmpush::test::FieldExpectation;

namespace {

const FieldExpectation* with_reconnect(const FieldExpectation& without) {
  for (const FieldExpectation& each : field_expectations())
    if (each.reconnect && each.receiver == without.receiver && each.event == without.event)
      return &each;
  return nullptr;
}

}  // namespace

int main() {
  std::puts("| event | receiver | `reconnect=0` | `reconnect=1` |\n|---|---|---|---|");
  for (const FieldExpectation& each : field_expectations()) {
    if (each.reconnect) continue;
    const FieldExpectation* const other = with_reconnect(each);
    const char* const told =
        other == nullptr || std::strcmp(other->told, each.told) == 0 ? "the same" : other->told;
    std::printf("| %s | %c | %s | %s |\n", text_of(each.event), each.receiver, each.told, told);
  }
}
