// Little-endian bytes: one reader, one writer. Nothing else in the project casts pointers or swaps
// bytes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace wmpush {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void append(std::vector<std::byte>& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

/// Unsigned little-endian number of `sizeof(T)` bytes at `at`, which must lie within `bytes`.
template <typename T>
T load_le(Bytes bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
  return static_cast<T>(value);
}

template <typename T>
void store_le(MutableBytes bytes, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
}

/// Reads a structure straight down. Reading past the end gives zeros and makes ok() false for good,
/// so that a whole structure is read first and tested once.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }

  /// The next `count` bytes; empty when there are not that many.
  Bytes bytes(std::size_t count) {
    if (!take(count)) return {};
    return bytes_.subspan(position_ - count, count);
  }
  void skip(std::size_t count) { take(count); }
  void seek(std::size_t position) {
    position_ = 0;
    take(position);
  }

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

 private:
  template <typename T>
  T number() {
    if (!take(sizeof(T))) return 0;
    return load_le<T>(bytes_, position_ - sizeof(T));
  }
  bool take(std::size_t count) {
    if (!ok_ || count > bytes_.size() - position_) {
      ok_ = false;
      return false;
    }
    position_ += count;
    return true;
  }

  Bytes bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

/// Appends to a vector that it owns. A size that is known only later is reserved and set
/// afterwards.
class ByteWriter {
 public:
  /// Where a number of type T was left out.
  template <typename T>
  struct Reservation {
    std::size_t position;
  };

  void u8(std::uint8_t value) { number(value); }
  void u16(std::uint16_t value) { number(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void bytes(Bytes bytes) { append(buffer_, bytes); }
  void zeros(std::size_t count) { buffer_.resize(buffer_.size() + count); }

  template <typename T>
  Reservation<T> reserve() {
    Reservation<T> place{buffer_.size()};
    number(T{0});
    return place;
  }
  template <typename T>
  void set(Reservation<T> place, T value) {
    store_le<T>(buffer_, place.position, value);
  }

  std::size_t size() const { return buffer_.size(); }
  Bytes view() const { return buffer_; }
  std::vector<std::byte> take() { return std::move(buffer_); }

 private:
  template <typename T>
  void number(T value) {
    buffer_.resize(buffer_.size() + sizeof(T));
    store_le<T>(buffer_, buffer_.size() - sizeof(T), value);
  }

  std::vector<std::byte> buffer_;
};

}  // namespace wmpush
