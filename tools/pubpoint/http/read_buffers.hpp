// Buffers to read into, shared by the connections of a thread: an idle one has none.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::pubpoint {

class ReadBuffers {
 public:
  static constexpr std::size_t kSize = 128 * 1024;

  /// A buffer for as long as this lives. Several are out only where a connection looks at another
  /// one in the middle of its own input.
  class Lease {
   public:
    explicit Lease(ReadBuffers& from) : from_(from), buffer_(from.take()) {}
    ~Lease() { from_.free_.push_back(std::move(buffer_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    MutableBytes bytes() { return *buffer_; }

   private:
    ReadBuffers& from_;
    std::unique_ptr<std::vector<std::byte>> buffer_;
  };

 private:
  std::unique_ptr<std::vector<std::byte>> take() {
    if (free_.empty()) return std::make_unique<std::vector<std::byte>>(kSize);
    auto buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  std::vector<std::unique_ptr<std::vector<std::byte>>> free_;
};

}  // namespace wmpush::pubpoint
