#include "serve_access.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/first_line.hpp"
#include "input_file.hpp"
#include "token_key.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::Config;

/// A flag takes the place of what the file says; a key of the file that it leaves without meaning
/// goes with it.
void take_flags(const Arguments& arguments, Config& config) {
  const auto take = [&](const char* flag, const char* key, std::string& value) {
    const auto given = arguments.value(flag);
    if (!given) return;
    value = *given;
    config.places.erase(key);
  };
  if (arguments.has("user") && !arguments.has("users")) config.users.clear();
  if (arguments.has("users") && !arguments.has("user")) {
    config.user.clear();
    config.password_file.clear();
  }
  take("user", "access.user", config.user);
  take("password_file", "access.password_file", config.password_file);
  take("users", "access.users", config.users);
  take("push_from", "access.push_from", config.push_from);
  take("watch_from", "access.watch_from", config.watch_from);
  take("status_from", "access.status_from", config.status_from);
  take("clients_from", "access.clients_from", config.clients_from);
  take("token_key", "access.token_key", config.token_key);
  if (!arguments.has("grant")) return;
  config.grants = arguments.values("grant");
  config.places.erase("access.grants");
}

/// The only user, with the password from where it is.
std::string read_user(const Arguments& arguments, Config& config) {
  const std::string name = config.source("access.user", "--user");
  const std::string file = config.source("access.password_file", "--password_file");
  if (config.user.empty() && !arguments.has("user"))
    return config.password_file.empty()
               ? std::string()
               : file + " needs a " + (file.starts_with("--") ? "--user" : "user");
  if (config.user.empty() || config.user.find(':') != config.user.npos ||
      config.user == pubpoint::kEverybody)
    return "'" + config.user + "' cannot be a user: a name without a colon is needed";
  pubpoint::Authentication& who = config.settings.authentication;
  who.user = config.user;
  if (!config.password_file.empty()) {
    if (const Error wrong =
            read_first_line("the password file", config.password_file, who.password))
      return wrong.message;
  } else if (const char* password = std::getenv("WMPUSH_PASSWORD")) {
    who.password = password;
  }
  if (!who.password.empty()) return {};
  return name + " needs a password: in the environment as WMPUSH_PASSWORD, or in a file that " +
         (name.starts_with("--") ? "--password_file" : "password_file") + " names";
}

std::string read_users(Config& config) {
  pubpoint::Users& users = config.settings.access.users;
  if (!config.users.empty()) {
    if (!config.user.empty())
      return config.source("access.users", "--users") + " and " +
             (config.places.contains("access.user") ? "user" : "--user") + " exclude each other";
    const std::string what = "the users file";
    std::string text;
    if (std::string wrong = read_all(what, config.users, text); !wrong.empty()) return wrong;
    if (const std::string wrong = pubpoint::Users::parse(text, users); !wrong.empty())
      return what + " " + config.users + ": " + wrong;
  }
  const std::string source = config.source("access.grants", "--grant") + ": ";
  for (const std::string& text : config.grants) {
    pubpoint::UserGrant grant;
    if (const std::string wrong = pubpoint::UserGrant::parse(text, grant); !wrong.empty())
      return source + wrong;
    if (grant.user != pubpoint::kEverybody && !users.has(grant.user) && grant.user != config.user)
      return source + "there is no user '" + grant.user + "'";
    users.grant(std::move(grant));
  }
  return {};
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
      {"status_from", "LIST",
       "addresses that may see the page at / and its numbers, /metrics and /status.json, likewise"},
      {"clients_from", "LIST",
       "of these, the ones that may see on the pages of the points who watches and who pushes, "
       "with "
       "addresses; without it nobody may"},
      {"token_key", "FILE",
       "file whose first line is a key, 16 bytes or more: who watches needs a token that 'wmpush "
       "token' made with it, or a password"},
  };
}

std::string read_access(const Arguments& arguments, Config& config) {
  for (const char* flag :
       {"users", "token_key", "push_from", "watch_from", "status_from", "clients_from"})
    if (arguments.value(flag) == "") return std::string("--") + flag + " needs a value";
  take_flags(arguments, config);
  if (std::string wrong = read_user(arguments, config); !wrong.empty()) return wrong;
  if (std::string wrong = read_users(config); !wrong.empty()) return wrong;
  pubpoint::AccessSettings& access = config.settings.access;
  const auto addresses = [&](const std::string& name, const std::string& text,
                             pubpoint::AddressList& list) {
    if (text.empty()) return std::string();
    const std::string wrong = pubpoint::AddressList::parse(text, list);
    return wrong.empty() ? wrong : config.source("access." + name, "--" + name) + ": " + wrong;
  };
  std::string wrong = addresses("push_from", config.push_from, access.push_from);
  if (wrong.empty()) wrong = addresses("watch_from", config.watch_from, access.watch_from);
  if (wrong.empty()) wrong = addresses("status_from", config.status_from, access.status_from);
  if (wrong.empty()) wrong = addresses("clients_from", config.clients_from, access.clients_from);
  if (!wrong.empty()) return wrong;
  return config.token_key.empty() ? std::string()
                                  : read_token_key(config.token_key, access.token_key);
}

std::string open_access_warning(const pubpoint::Settings& settings, const std::string& where,
                                const std::string& tls_where) {
  const auto is_reached = [](const std::string& text) {
    const auto address = pubpoint::IpAddress::parse(text);
    return !address || !address->is_loopback();
  };
  std::string open = is_reached(settings.address) ? where : std::string();
  if (settings.tls && is_reached(settings.tls_address))
    open += (open.empty() ? "" : " or ") + tls_where;
  if (open.empty()) return {};
  const pubpoint::AccessSettings& access = settings.access;
  const bool only_user = !settings.authentication.user.empty() && access.users.open();
  const bool anybody = std::ranges::any_of(settings.points, [&](const std::string& point) {
    return access.users.everybody_may(pubpoint::Right::Push, point);
  });
  if (only_user || !anybody || !access.push_from.empty()) return {};
  return "everybody who reaches " + open +
         " may push: --users, --user or --push_from keeps others out";
}

}  // namespace wmpush::tool
