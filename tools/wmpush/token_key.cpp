#include "token_key.hpp"

#include "core/first_line.hpp"
#include "pubpoint/access/token.hpp"

namespace wmpush::tool {

std::string read_token_key(const std::string& file, std::string& key) {
  const std::string what = "the key file";
  if (const Error wrong = read_first_line(what, file, key)) return wrong.message;
  if (key.size() >= pubpoint::kMinTokenKey) return {};
  return what + " " + file + " has a first line of " + std::to_string(key.size()) +
         " bytes: a key needs " + std::to_string(pubpoint::kMinTokenKey) +
         ", from 'openssl rand -hex 32' for example";
}

}  // namespace wmpush::tool
