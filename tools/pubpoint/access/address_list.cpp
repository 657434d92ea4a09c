#include "pubpoint/access/address_list.hpp"

#include <algorithm>
#include <charconv>

namespace wmpush::pubpoint {

std::string AddressList::parse_entry(std::string_view text, Entry& entry) {
  const std::string quoted = "'" + std::string(text) + "'";
  if (text.starts_with('!')) {
    entry.admits = false;
    text.remove_prefix(1);
  }
  if (text == "all") {
    entry.all = true;
    return {};
  }
  const std::size_t slash = text.find('/');
  const std::string_view literal = text.substr(0, slash);
  const auto address = IpAddress::parse(literal);
  if (!address || literal.find('%') != literal.npos)
    return quoted + " is no address, prefix such as 10.0.0.0/8, or 'all'";
  entry.address = *address;
  entry.bits = address->bits();
  if (slash == text.npos) return {};
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  // The prefix of an IPv4 address within IPv6 counts from the front of the whole.
  const bool mapped = address->is_v4() && literal.find(':') != literal.npos;
  const unsigned least = mapped ? 96 : 0;
  if (error != std::errc() || end != digits.data() + digits.size() || bits < least ||
      bits > least + address->bits())
    return "the prefix of " + quoted + " is not " + std::to_string(least) + " to " +
           std::to_string(least + address->bits()) + " bits long";
  entry.bits = bits - least;
  return {};
}

std::string AddressList::parse(std::string_view text, AddressList& list) {
  constexpr std::string_view kBetween = ", \t";
  list = {};
  AddressList read;
  for (std::size_t at = 0; (at = text.find_first_not_of(kBetween, at)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    Entry entry;
    if (std::string wrong = parse_entry(text.substr(at, end - at), entry); !wrong.empty())
      return wrong;
    read.entries_.push_back(entry);
    at = end;
  }
  if (std::ranges::none_of(read.entries_, &Entry::admits))
    return "'" + std::string(text) +
           "' lets nobody in: what matches no entry is kept out, so end "
           "it with 'all'";
  list = std::move(read);
  return {};
}

bool AddressList::admits(std::string_view address) const {
  if (empty()) return true;
  const auto parsed = IpAddress::parse(address);
  if (!parsed) return false;
  for (const Entry& entry : entries_)
    if (entry.all || parsed->begins_like(entry.address, entry.bits)) return entry.admits;
  return false;
}

}  // namespace wmpush::pubpoint
