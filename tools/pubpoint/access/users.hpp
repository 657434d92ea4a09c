// Who may come in: names with the hashes of their passwords, and what each may do.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/access/hash.hpp"
#include "pubpoint/access/rights.hpp"

namespace wmpush::pubpoint {

/// Holds no password, only hashes of "user:realm:password". A user may have one hash of each kind.
class Users {
 public:
  /// Lines as Apache's htdigest writes them, user:realm:hash, all of one realm; the hash is MD5 or,
  /// with 64 digits, SHA-256. Empty lines and lines that begin with '#' are passed over. There must
  /// be a kind of which all have a hash. Returns an empty text, or "line 3: " and what is wrong,
  /// and `users` is then empty.
  static std::string parse(std::string_view text, Users& users);

  /// A user by the password itself, which is not kept. The realm of the first user is that of all.
  void add(std::string_view user, std::string_view realm, std::string_view password, Hash kind);
  /// A user who has no grant may push to and watch every point; one who has may do what his grants
  /// say. Everybody (kEverybody) may do nothing without a grant.
  void grant(UserGrant grant) { grants_.push_back(std::move(grant)); }

  bool has(std::string_view user) const { return hashes_.contains(user); }
  bool any() const { return !hashes_.empty(); }
  /// There are neither users nor grants: nothing is guarded.
  bool open() const { return hashes_.empty() && grants_.empty(); }
  const std::string& realm() const { return realm_; }
  /// The kinds of which all users have a hash, the strongest first: Digest has to name one before
  /// it is known who comes.
  std::vector<Hash> kinds() const;

  /// The hash of "user:realm:password", in lower case; empty when there is none of that kind.
  std::string_view hash(std::string_view user, Hash kind) const;
  bool knows(std::string_view user, std::string_view password) const;

  /// Whether one who has shown to be `user` may do that, or everybody may.
  bool may(std::string_view user, Right right, std::string_view point) const;
  bool everybody_may(Right right, std::string_view point) const;
  /// Whether `user` may do that on some point or other.
  bool may_somewhere(std::string_view user, Right right) const;
  /// Whether there is a user with a password who has a grant for that; `point` empty: on any point.
  bool somebody_may(Right right, std::string_view point) const;

 private:
  bool granted(std::string_view user, Right right, std::string_view point) const;

  std::string realm_;
  std::map<std::string, std::map<Hash, std::string>, std::less<>> hashes_;
  std::vector<UserGrant> grants_;
};

}  // namespace wmpush::pubpoint
