#include "pubpoint/hook/hook_facts.hpp"

#include <algorithm>

namespace wmpush::pubpoint {

HookFacts& HookFacts::add(std::string_view name, std::string_view text) {
  json_.add_unmasked(name, text);
  std::string variable = "WMPUSH_";
  for (const char c : name) variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  variable += '=';
  variable += text.substr(0, text.find('\0'));
  environment_.push_back(std::move(variable));
  return *this;
}

}  // namespace wmpush::pubpoint
