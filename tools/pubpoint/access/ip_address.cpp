#include "pubpoint/access/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <span>

#include "core/hexadecimal.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress address;
  const std::string literal(text.substr(0, text.find('%')));
  if (inet_pton(AF_INET, literal.c_str(), address.bytes_.data()) == 1) return address;
  if (inet_pton(AF_INET6, literal.c_str(), address.bytes_.data()) != 1) return std::nullopt;
  address.bits_ = 128;
  if (std::equal(kMapped.begin(), kMapped.end(), address.bytes_.begin())) {
    std::copy(address.bytes_.begin() + 12, address.bytes_.end(), address.bytes_.begin());
    std::fill(address.bytes_.begin() + 4, address.bytes_.end(), static_cast<unsigned char>(0));
    address.bits_ = 32;
  }
  return address;
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  return bytes_.back() == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1,
                                           [](unsigned char byte) { return byte == 0; });
}

bool IpAddress::begins_like(const IpAddress& other, unsigned bits) const {
  if (bits_ != other.bits_ || bits > bits_) return false;
  const std::size_t whole = bits / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole),
                  other.bytes_.begin()))
    return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (bytes_[whole] ^ other.bytes_[whole]) >> (8 - rest) == 0;
}

std::string IpAddress::owner() const {
  return (is_v4() ? "4 " : "6 ") +
         hexadecimal(std::as_bytes(std::span(bytes_)).first(is_v4() ? 4 : 8));
}

std::string owner_of(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed ? parsed->owner() : std::string(address);
}

}  // namespace wmpush::pubpoint
