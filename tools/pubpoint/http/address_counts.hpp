// How many of something each address has.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace wmpush::pubpoint {

class AddressCounts {
 public:
  /// One of them, counted for as long as this lives. The counts outlive it.
  class Slot {
   public:
    Slot() = default;
    Slot(AddressCounts& counts, std::string address)
        : counts_(&counts), address_(std::move(address)) {
      ++counts_->counts_[address_];
      ++counts_->all_;
    }
    ~Slot() { release(); }
    Slot(Slot&& other) noexcept
        : counts_(std::exchange(other.counts_, nullptr)), address_(std::move(other.address_)) {}
    Slot& operator=(Slot&& other) noexcept {
      release();
      counts_ = std::exchange(other.counts_, nullptr);
      address_ = std::move(other.address_);
      return *this;
    }
    void release() {
      if (counts_ == nullptr) return;
      const auto entry = counts_->counts_.find(address_);
      if (--entry->second == 0) counts_->counts_.erase(entry);
      --counts_->all_;
      counts_ = nullptr;
    }

   private:
    AddressCounts* counts_ = nullptr;
    std::string address_;
  };

  std::size_t all() const { return all_; }
  std::size_t of(const std::string& address) const {
    const auto entry = counts_.find(address);
    return entry == counts_.end() ? 0 : entry->second;
  }

 private:
  std::unordered_map<std::string, std::size_t> counts_;
  std::size_t all_ = 0;
};

}  // namespace wmpush::pubpoint
