#include "pubpoint/access/users.hpp"

#include <algorithm>

namespace wmpush::pubpoint {
namespace {

struct Line {
  std::string_view user;
  std::string_view realm;
  std::string hash;
  Hash kind = Hash::Md5;
};

/// Never says what the hash was: whoever has it needs no password.
std::string parse_line(std::string_view text, Line& line) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == text.npos || first == last) return "not user:realm:hash, as htdigest writes it";
  line.user = text.substr(0, first);
  line.realm = text.substr(first + 1, last - first - 1);
  line.hash = text.substr(last + 1);
  if (line.user.empty()) return "no user before the first ':'";
  if (line.user == kEverybody) return "'*' stands for everybody and cannot be a user";
  if (line.realm.empty()) return "no realm between the two ':'";
  for (char& c : line.hash) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
      return "behind the last ':' stands no hash: it would have hexadecimal digits only";
  }
  if (line.hash.size() == hex_size(Hash::Md5))
    line.kind = Hash::Md5;
  else if (line.hash.size() == hex_size(Hash::Sha256))
    line.kind = Hash::Sha256;
  else
    return "the hash has " + std::to_string(line.hash.size()) +
           " digits, neither 32 (MD5) nor 64 (SHA-256)";
  return {};
}

}  // namespace

std::string Users::parse(std::string_view text, Users& users) {
  users = {};
  Users read;
  for (std::size_t at = 0, number = 1; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view one = text.substr(at, end - at);
    at = end + 1;
    if (one.ends_with('\r')) one.remove_suffix(1);
    if (one.find_first_not_of(" \t") == one.npos || one.starts_with('#')) continue;
    const std::string where = "line " + std::to_string(number) + ": ";
    Line line;
    if (const std::string wrong = parse_line(one, line); !wrong.empty()) return where + wrong;
    if (read.hashes_.empty()) read.realm_ = line.realm;
    if (line.realm != read.realm_)
      return where + "the realm is '" + std::string(line.realm) + "', and '" + read.realm_ +
             "' in the lines before: all users are of one realm";
    if (!read.hashes_[std::string(line.user)].emplace(line.kind, line.hash).second)
      return where + "user '" + std::string(line.user) + "' is there already";
  }
  if (read.hashes_.empty()) return "there is no user in it";
  if (read.kinds().empty())
    return "some users have an MD5 hash only and some SHA-256 only: give all of them one of the "
           "same kind";
  users = std::move(read);
  return {};
}

void Users::add(std::string_view user, std::string_view realm, std::string_view password,
                Hash kind) {
  if (hashes_.empty()) realm_ = realm;
  std::string text(user);
  text.append(":").append(realm_).append(":").append(password);
  hashes_[std::string(user)][kind] = hex_hash(kind, text);
}

std::vector<Hash> Users::kinds() const {
  std::vector<Hash> found;
  for (const Hash kind : {Hash::Sha256, Hash::Md5})
    if (!hashes_.empty() &&
        std::ranges::all_of(hashes_, [&](const auto& user) { return user.second.contains(kind); }))
      found.push_back(kind);
  return found;
}

std::string_view Users::hash(std::string_view user, Hash kind) const {
  const auto found = hashes_.find(user);
  if (found == hashes_.end()) return {};
  const auto hash = found->second.find(kind);
  return hash == found->second.end() ? std::string_view() : hash->second;
}

bool Users::knows(std::string_view user, std::string_view password) const {
  std::string text(user);
  text.append(":").append(realm_).append(":").append(password);
  bool right = false;
  // A name that is not there takes as long as one that is.
  for (const Hash kind : {Hash::Sha256, Hash::Md5}) {
    const std::string given = hex_hash(kind, text);
    const bool same = same_secret(given, hash(user, kind));
    right = right || same;
  }
  return right;
}

bool Users::may(std::string_view user, Right right, std::string_view point) const {
  if (everybody_may(right, point)) return true;
  if (!has(user)) return false;
  const bool has_grant =
      std::ranges::any_of(grants_, [&](const UserGrant& grant) { return grant.user == user; });
  if (!has_grant) return right == Right::Push || right == Right::Watch;
  return granted(user, right, point);
}

bool Users::everybody_may(Right right, std::string_view point) const {
  if (open()) return right == Right::Push || right == Right::Watch;
  return granted(kEverybody, right, point);
}

bool Users::may_somewhere(std::string_view user, Right right) const {
  return has(user) && std::ranges::any_of(grants_, [&](const UserGrant& grant) {
           return (grant.user == user || grant.user == kEverybody) && grant.rights.has(right);
         });
}

bool Users::somebody_may(Right right, std::string_view point) const {
  return std::ranges::any_of(grants_, [&](const UserGrant& grant) {
    const bool has_password = grant.user == kEverybody ? any() : has(grant.user);
    return has_password && (point.empty() ? grant.rights.has(right) : grant.allows(right, point));
  });
}

bool Users::granted(std::string_view user, Right right, std::string_view point) const {
  return std::ranges::any_of(grants_, [&](const UserGrant& grant) {
    return grant.user == user && grant.allows(right, point);
  });
}

}  // namespace wmpush::pubpoint
