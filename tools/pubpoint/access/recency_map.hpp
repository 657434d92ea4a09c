// What is known of the latest so many of something: the one used least recently is forgotten.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace wmpush::pubpoint {

template <typename Value>
class RecencyMap {
 public:
  /// `limit` is at least 1.
  explicit RecencyMap(std::size_t limit) : limit_(limit > 0 ? limit : 1) {}

  /// Null when it is not there. Does not count as a use.
  Value* find(const std::string& key) {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second->second;
  }

  /// What is there, or a new Value; counts as a use.
  Value& use(const std::string& key) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      order_.splice(order_.end(), order_, found->second);
      return found->second->second;
    }
    if (places_.size() >= limit_) erase(order_.front().first);
    order_.emplace_back(key, Value());
    places_.emplace(key, std::prev(order_.end()));
    return order_.back().second;
  }

  void erase(std::string key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }

  std::size_t size() const { return places_.size(); }

 private:
  using Order = std::list<std::pair<std::string, Value>>;

  std::size_t limit_;
  Order order_;  // the one used least recently first
  std::unordered_map<std::string, typename Order::iterator> places_;
};

}  // namespace wmpush::pubpoint
