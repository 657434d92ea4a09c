// Bytes on their way out: a few of our own, and frames that are lent.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::wmhttp {

/// Keeps the order of what was added. Once it has grown to what a session needs, it takes no memory
/// any more: everything is forgotten together when the last byte is gone.
class SendQueue {
 public:
  SendQueue() {
    own_.reserve(2048);
    parts_.reserve(16);
    view_.reserve(16);
  }

  /// Adds a copy.
  void copy(Bytes bytes) {
    if (bytes.empty()) return;
    append(own_, bytes);
    queued_ += bytes.size();
    // What follows our own bytes joins them: the kernel then has fewer pieces to gather.
    if (!empty() && parts_.back().lent == nullptr)
      parts_.back().size += bytes.size();
    else
      add({own_.size() - bytes.size(), bytes.size(), nullptr});
  }

  /// Adds bytes that stay where they are until they are gone.
  void lend(Bytes bytes) {
    if (bytes.empty()) return;
    queued_ += bytes.size();
    // Frames often lie one behind the other.
    if (!empty() && parts_.back().lent != nullptr &&
        parts_.back().lent + parts_.back().size == bytes.data())
      parts_.back().size += bytes.size();
    else
      add({0, bytes.size(), bytes.data()});
  }

  bool empty() const { return first_ == parts_.size(); }
  /// Bytes that are left.
  std::size_t size() const { return static_cast<std::size_t>(queued_ - consumed_); }

  /// What is left, valid until the next change.
  std::span<const Bytes> view() noexcept {
    view_.clear();
    for (std::size_t i = first_; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      const std::byte* start = part.lent != nullptr ? part.lent : own_.data() + part.offset;
      const std::size_t gone = i == first_ ? gone_ : 0;
      view_.emplace_back(start + gone, part.size - gone);
    }
    return view_;
  }

  /// The first `count` bytes are gone.
  void consume(std::size_t count) {
    while (count > 0 && !empty()) {
      const std::size_t left = parts_[first_].size - gone_;
      const std::size_t taken = std::min(left, count);
      count -= taken;
      gone_ += taken;
      consumed_ += taken;
      if (taken == left) {
        ++first_;
        gone_ = 0;
      }
    }
    if (empty()) forget();
  }

  /// Drops what is left.
  void clear() noexcept {
    forget();
    queued_ = consumed_;
  }

  /// Bytes that were added and not dropped, and how many of them are gone.
  std::uint64_t queued() const { return queued_; }
  std::uint64_t consumed() const { return consumed_; }

 private:
  struct Part {
    std::size_t offset;  // within own_, when nothing is lent
    std::size_t size;
    const std::byte* lent;
  };

  /// With room in view_, so that a look takes no memory.
  void add(const Part& part) {
    parts_.push_back(part);
    view_.reserve(parts_.capacity());
  }
  void forget() noexcept {
    own_.clear();
    parts_.clear();
    first_ = gone_ = 0;
  }

  std::vector<std::byte> own_;
  std::vector<Part> parts_;
  std::vector<Bytes> view_;
  std::size_t first_ = 0;  // part that is going out
  std::size_t gone_ = 0;   // how much of it is gone
  std::uint64_t queued_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace wmpush::wmhttp
