// An address of a peer, without its port.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// IPv4, or IPv6. An IPv4 address within IPv6 (::ffff:192.0.2.1) is the IPv4 address.
class IpAddress {
 public:
  /// A literal, without brackets; a scope behind '%' does not matter. Nothing when it is none.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return bits_ == 32; }
  /// 32 or 128.
  unsigned bits() const { return bits_; }
  bool is_loopback() const;
  /// Whether the first `bits` bits are those of `other`; never for one of the other family.
  bool begins_like(const IpAddress& other, unsigned bits) const;
  /// The same text for all addresses that one owner can take as he likes: the address in IPv4, its
  /// first 64 bits in IPv6.
  std::string owner() const;

 private:
  std::array<unsigned char, 16> bytes_{};
  unsigned bits_ = 32;
};

/// IpAddress::owner() of a literal; of anything else the text itself.
std::string owner_of(std::string_view address);

}  // namespace wmpush::pubpoint
