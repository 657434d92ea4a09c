// Which addresses are let in.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/access/ip_address.hpp"

namespace wmpush::pubpoint {

class AddressList {
 public:
  /// Entries with commas or spaces between: an address, a prefix (10.0.0.0/8, 2001:db8::/32) or
  /// "all"; with '!' in front it keeps out. The first entry that matches decides, and what matches
  /// none is kept out. Returns an empty text, or one line that says what is wrong.
  static std::string parse(std::string_view text, AddressList& list);

  /// `address` is a literal without a port; what is none is kept out. A list without entries lets
  /// everybody in.
  bool admits(std::string_view address) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    bool admits = true;
    bool all = false;
    IpAddress address;
    unsigned bits = 0;
  };
  static std::string parse_entry(std::string_view text, Entry& entry);

  std::vector<Entry> entries_;
};

}  // namespace wmpush::pubpoint
