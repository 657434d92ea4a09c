// What a fuzz target has to offer, to libFuzzer and to replay.cpp.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "core/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace wmpush::fuzz {

/// Inputs to start from, made by the target.
std::vector<std::vector<std::byte>> seeds();

/// Ends the program when a property does not hold.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

inline Bytes input(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// Requires that `read(bytes, piece)` gives the same however the input is cut: whole, byte by byte,
/// and in pieces that its first byte chooses. `piece` gives the size of the next one. The bytes
/// behind the first are what is read.
template <typename Read>
void require_same_however_cut(Bytes input, Read read) {
  if (input.empty()) return;
  std::mt19937 random(std::to_integer<unsigned>(input[0]));
  const Bytes bytes = input.subspan(1);
  const auto whole = read(bytes, [&] { return bytes.size(); });
  require(whole == read(bytes, [] { return std::size_t{1}; }), "one byte at a time is the same");
  require(whole == read(bytes, [&] { return std::size_t{1} + random() % 40; }),
          "what is read does not hang on the cuts");
}

}  // namespace wmpush::fuzz
