// A descriptor that is closed once.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <unistd.h>

#include <utility>

namespace wmpush {

inline constexpr int kNoDescriptor = -1;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, kNoDescriptor)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, kNoDescriptor);
    }
    return *this;
  }

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void close() noexcept {
    if (is_open()) ::close(std::exchange(number_, kNoDescriptor));
  }

 private:
  int number_ = kNoDescriptor;
};

}  // namespace wmpush
