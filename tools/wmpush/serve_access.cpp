#include "serve_access.hpp"

#include <algorithm>
#include <cstdlib>

#include "input_file.hpp"
#include "token_key.hpp"

namespace wmpush::tool {
namespace {

/// The user of --user, with the password from where it is.
std::string read_user(const Arguments& arguments, pubpoint::Authentication& who) {
  const auto user = arguments.value("user");
  const auto file = arguments.value("password_file");
  if (!user) return file ? "--password_file needs a --user" : std::string();
  if (user->empty() || user->find(':') != user->npos || *user == pubpoint::kEverybody)
    return "'" + *user + "' cannot be a user: a name without a colon is needed";
  who.user = *user;
  if (file) {
    if (std::string wrong = read_first_line("the password file", *file, who.password);
        !wrong.empty())
      return wrong;
  } else if (const char* password = std::getenv("WMPUSH_PASSWORD")) {
    who.password = password;
  }
  if (!who.password.empty()) return {};
  return "--user needs a password: in the environment as WMPUSH_PASSWORD, or in a file that "
         "--password_file names";
}

std::string read_users(const Arguments& arguments, pubpoint::Settings& settings) {
  pubpoint::Users& users = settings.access.users;
  if (const auto file = arguments.value("users")) {
    if (arguments.has("user")) return "--users and --user exclude each other";
    const std::string what = "the users file";
    std::string text;
    if (std::string wrong = read_all(what, *file, text); !wrong.empty()) return wrong;
    if (const std::string wrong = pubpoint::Users::parse(text, users); !wrong.empty())
      return what + " " + *file + ": " + wrong;
  }
  for (const std::string& text : arguments.values("grant")) {
    pubpoint::UserGrant grant;
    if (const std::string wrong = pubpoint::UserGrant::parse(text, grant); !wrong.empty())
      return "--grant: " + wrong;
    if (grant.user != pubpoint::kEverybody && !users.has(grant.user) &&
        grant.user != settings.authentication.user)
      return "--grant: there is no user '" + grant.user + "'";
    users.grant(std::move(grant));
  }
  return {};
}

std::string read_addresses(const Arguments& arguments, const std::string& flag,
                           pubpoint::AddressList& list) {
  const auto text = arguments.value(flag);
  if (!text) return {};
  const std::string wrong = pubpoint::AddressList::parse(*text, list);
  return wrong.empty() ? wrong : "--" + flag + ": " + wrong;
}

}  // namespace

std::vector<Flag> access_flags() {
  return {
      {"user", "NAME",
       "let only this user push, by Digest or Basic, with the password that is in the environment "
       "as WMPUSH_PASSWORD, or in a file"},
      {"password_file", "FILE", "file whose first line is that user's password"},
      {"users", "FILE",
       "let only these users push and watch: lines user:realm:hash as Apache's htdigest writes "
       "them, all of one realm; the hash is the MD5 or SHA-256 of user:realm:password"},
      {"grant", "USER:RIGHTS:POINTS",
       "what a user may do, and nothing else: RIGHTS of push, watch and admin, POINTS such as "
       "/live, /studio/* and *, each with commas between; USER may be * for everybody, with or "
       "without a password; may be repeated",
       '\0', true},
      {"push_from", "LIST",
       "addresses that may push, such as 10.0.0.0/8,::1; the first that matches decides, ! in "
       "front keeps out, and what matches none is kept out, too: !10.0.0.7,10.0.0.0/8 or "
       "!10.0.0.7,all"},
      {"watch_from", "LIST", "addresses that may watch, likewise"},
      {"token_key", "FILE",
       "file whose first line is a key, 16 bytes or more: who watches needs a token that 'wmpush "
       "token' made with it, or a password"},
  };
}

std::string read_access(const Arguments& arguments, pubpoint::Settings& settings) {
  if (std::string wrong = read_user(arguments, settings.authentication); !wrong.empty())
    return wrong;
  if (std::string wrong = read_users(arguments, settings); !wrong.empty()) return wrong;
  pubpoint::AccessSettings& access = settings.access;
  for (const auto& [flag, list] :
       {std::pair("push_from", &access.push_from), std::pair("watch_from", &access.watch_from)})
    if (std::string wrong = read_addresses(arguments, flag, *list); !wrong.empty()) return wrong;
  const auto file = arguments.value("token_key");
  return file ? read_token_key(*file, access.token_key) : std::string();
}

std::string open_access_warning(const pubpoint::Settings& settings, const std::string& where) {
  const auto address = pubpoint::IpAddress::parse(settings.address);
  if (address && address->is_loopback()) return {};
  const pubpoint::AccessSettings& access = settings.access;
  const bool only_user = !settings.authentication.user.empty() && access.users.open();
  const bool anybody = std::ranges::any_of(settings.points, [&](const std::string& point) {
    return access.users.everybody_may(pubpoint::Right::Push, point);
  });
  if (only_user || !anybody || !access.push_from.empty()) return {};
  return "everybody who reaches " + where +
         " may push: --users, --user or --push_from keeps others out";
}

}  // namespace wmpush::tool
