#include "interop/arrangement.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <stdexcept>

#include "interop/apache.hpp"
#include "interop/haproxy.hpp"
#include "interop/kerberos_realm.hpp"
#include "interop/nginx.hpp"
#include "interop/program.hpp"
#include "interop/squid.hpp"
#include "interop/tinyproxy.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::test {
namespace {

using std::filesystem::path;

constexpr const char* kUser = "ali";

/// Squid with the Kerberos realm that it believes.
class KerberosSquid : public Proxy {
 public:
  explicit KerberosSquid(const path& folder)
      : realm_(folder, kUser, kProxyPassword),
        squid_(folder, Squid::negotiate(realm_.keytab()) + Squid::known_users()) {}
  std::uint16_t port() const override { return squid_.port(); }
  std::string log() const override { return squid_.log(); }

 private:
  const KerberosRealm realm_;
  const Squid squid_;
};

bool can_do(const char* scheme) {
  return std::string(wmpush_authentication_schemes()).find(scheme) != std::string::npos;
}

std::string missing_for_passwords() {
  if (const std::string package = Squid::missing(); !package.empty()) return package;
  return find_program("htpasswd").empty() ? "apache2-utils" : std::string();
}

std::string missing_for_kerberos() {
  if (const std::string package = Squid::missing(); !package.empty()) return package;
  if (!can_do("Negotiate")) return "GSSAPI in this build";
  return KerberosRealm::missing();
}

std::string missing_for_ntlm() {
  if (const std::string package = Squid::missing(); !package.empty()) return package;
  if (!Squid::can_do_ntlm()) return "GSSAPI in this build";
  return can_do("NTLM") ? std::string() : "gss-ntlmssp";
}

std::unique_ptr<Proxy> start_ntlm(const path& folder) {
  const std::string users = (folder / "users").string();
  write_file(users, std::string("WMS:") + kUser + ":" + kProxyPassword + "\n");
  setenv("NTLM_USER_FILE", users.c_str(), 1);
  setenv("KRB5_CONFIG", "/dev/null", 1);
  return std::make_unique<Squid>(folder, Squid::ntlm(folder) + Squid::known_users());
}

std::vector<Arrangement> make() {
  std::vector<Arrangement> all;
  all.push_back({.name = "nginx",
                 .missing = Nginx::missing(),
                 .shows_itself = true,
                 .start = [](const path& folder, std::uint16_t origin) {
                   return std::make_unique<Nginx>(folder, origin);
                 }});
  all.push_back({.name = "haproxy",
                 .missing = Haproxy::missing(),
                 .shows_itself = true,
                 .start = [](const path& folder, std::uint16_t origin) {
                   return std::make_unique<Haproxy>(folder, origin);
                 }});
  all.push_back({.name = "apache",
                 .missing = Apache::missing(),
                 .passes_early_answers = false,
                 .start = [](const path& folder, std::uint16_t origin) {
                   return std::make_unique<Apache>(folder, origin, "ProxyVia Off");
                 }});
  all.push_back({.name = "apache_with_via",
                 .missing = Apache::missing(),
                 .shows_itself = true,
                 .passes_early_answers = false,
                 .start = [](const path& folder, std::uint16_t origin) {
                   return std::make_unique<Apache>(folder, origin, "ProxyVia On");
                 }});

  all.push_back({.name = "nginx_tls",
                 .missing = Nginx::missing(),
                 .tls = true,
                 .shows_itself = true,
                 .start = [](const path& folder, std::uint16_t origin) {
                   return std::make_unique<Nginx>(folder, origin, Nginx::Habits{.tls = true});
                 }});
  all.push_back({.name = "haproxy_tls",
                 .missing = Haproxy::missing(),
                 .tls = true,
                 .shows_itself = true,
                 .start = [](const path& folder, std::uint16_t origin) {
                   return std::make_unique<Haproxy>(folder, origin, true);
                 }});

  const auto forward = [&](std::string name, std::string missing, std::string user,
                           std::function<std::unique_ptr<Proxy>(const path&)> start) {
    all.push_back({.name = std::move(name),
                   .missing = std::move(missing),
                   .forward = true,
                   .user = std::move(user),
                   .shows_itself = true,
                   .start = [start = std::move(start)](const path& folder, std::uint16_t) {
                     return start(folder);
                   }});
  };
  forward("squid", Squid::missing(), "",
          [](const path& folder) { return std::make_unique<Squid>(folder, Squid::open()); });
  forward("squid_basic", missing_for_passwords(), kUser, [](const path& folder) {
    return std::make_unique<Squid>(
        folder, Squid::basic(folder, kUser, kProxyPassword) + Squid::known_users());
  });
  forward("squid_digest", Squid::missing(), kUser, [](const path& folder) {
    return std::make_unique<Squid>(
        folder, Squid::digest(folder, kUser, kProxyPassword) + Squid::known_users());
  });
  forward("squid_ntlm", missing_for_ntlm(), std::string("WMS%5C") + kUser, start_ntlm);
  forward("squid_negotiate", missing_for_kerberos(), kUser,
          [](const path& folder) { return std::make_unique<KerberosSquid>(folder); });
  forward("tinyproxy", Tinyproxy::missing(), "", [](const path& folder) {
    return std::make_unique<Tinyproxy>(folder, Tinyproxy::open());
  });
  forward("tinyproxy_basic", Tinyproxy::missing(), kUser, [](const path& folder) {
    return std::make_unique<Tinyproxy>(folder, Tinyproxy::basic(kUser, kProxyPassword));
  });
  // One of each kind of password; what the client does for it is the same as without TLS.
  for (const char* name : {"squid_digest", "squid_negotiate", "tinyproxy_basic"}) {
    Arrangement tunnel = *std::ranges::find(all, name, &Arrangement::name);
    tunnel.name += "_tls";
    tunnel.tls = true;
    tunnel.shows_itself = false;  // it sees no request that it could add to
    all.push_back(std::move(tunnel));
  }
  return all;
}

}  // namespace

std::string Arrangement::url(const Proxy& proxy, std::uint16_t origin,
                             const std::string& path) const {
  return std::string(tls ? "wmpushs" : "wmpush") +
         "://127.0.0.1:" + std::to_string(forward ? origin : proxy.port()) + path;
}

std::string Arrangement::http_proxy(const Proxy& proxy, const std::string& password) const {
  if (!forward) return {};
  // By name, as Kerberos knows the proxy.
  const std::string host = "localhost:" + std::to_string(proxy.port());
  return "http://" + (user.empty() ? host : user + ":" + password + "@" + host);
}

const std::vector<Arrangement>& arrangements() {
  static const std::vector<Arrangement> kAll = make();
  return kAll;
}

std::vector<Arrangement> arrangements(const std::function<bool(const Arrangement&)>& which) {
  std::vector<Arrangement> some;
  std::ranges::copy_if(arrangements(), std::back_inserter(some), which);
  return some;
}

const Arrangement& arrangement(std::string_view name) {
  for (const Arrangement& one : arrangements())
    if (one.name == name) return one;
  throw std::logic_error("there is no arrangement " + std::string(name));
}

}  // namespace wmpush::test
