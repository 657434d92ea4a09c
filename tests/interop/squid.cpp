#include "interop/squid.hpp"

#include <csignal>
#include <stdexcept>

#include "interop/program.hpp"
#include "support/clip.hpp"

namespace wmpush::test {
namespace {

constexpr const char* kHelpers = "/usr/lib/squid/";
constexpr const char* kRealm = "the proxy";

std::filesystem::path ntlm_judge() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ntlm_judge";
}

}  // namespace

bool Squid::can_do_ntlm() { return std::filesystem::exists(ntlm_judge()); }

std::string Squid::missing() { return find_program("squid").empty() ? "squid" : std::string(); }

std::string Squid::known_users() {
  return "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n";
}

std::string Squid::basic(const std::filesystem::path& folder, const std::string& user,
                         const std::string& password) {
  const std::string file = (folder / "squid.passwords").string();
  run({"htpasswd", "-cb", file, user, password});
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  return std::string("auth_param basic program ") + kHelpers + "basic_ncsa_auth " + file +
         "\nauth_param basic realm " + kRealm + "\n";
}

std::string Squid::digest(const std::filesystem::path& folder, const std::string& user,
                          const std::string& password) {
  const std::string file = (folder / "squid.digests").string();
  const std::string head = user + ":" + kRealm + ":";
  run({"sh", "-c",
       "printf '%s%s\\n' \"$1\" \"$(printf '%s%s' \"$1\" \"$2\" | md5sum | cut -d' ' -f1)\" > "
       "\"$3\"",
       "sh", head, password, file});
  return std::string("auth_param digest program ") + kHelpers + "digest_file_auth -c " + file +
         "\nauth_param digest realm " + kRealm + "\n";
}

std::string Squid::ntlm(const std::filesystem::path& folder) {
  // A copy, since the user that squid becomes may have no way to where this was built.
  const std::filesystem::path helper = folder / "ntlm_judge";
  std::filesystem::copy_file(ntlm_judge(), helper,
                             std::filesystem::copy_options::overwrite_existing);
  return "auth_param ntlm program " + helper.string() + " " + (folder / "ntlm.log").string() +
         "\nauth_param ntlm children 1\n";
}

std::string Squid::negotiate(const std::filesystem::path& keytab) {
  return std::string("auth_param negotiate program ") + kHelpers +
         "negotiate_kerberos_auth -s HTTP/localhost -k " + keytab.string() +
         "\nauth_param negotiate children 1\n";
}

Squid::Squid(const std::filesystem::path& folder, const std::string& directives)
    : folder_(folder), port_(free_port()), service_("wmpush" + std::to_string(port_)) {
  const std::string at = folder.string();
  write_file(folder / "squid.conf",
             "http_port 127.0.0.1:" + std::to_string(port_) + "\n" + directives +
                 "\n"
                 "cache deny all\n"
                 "logformat short %>Hs %rm %ru %un %{Proxy-Authorization}>h\n"
                 "access_log stdio:" +
                 at +
                 "/access.log short\n"
                 "cache_log " +
                 at +
                 "/cache.log\n"
                 "cache_store_log none\n"
                 "netdb_filename none\n"
                 "coredump_dir " +
                 at + "\npid_filename " + at +
                 "/squid.pid\n"
                 "pinger_enable off\n"
                 "visible_hostname localhost\n"
                 "shutdown_lifetime 0 seconds\n");
  // It takes a second to end properly; its helpers end by themselves.
  daemon_ =
      std::make_unique<Daemon>(std::vector<std::string>{find_program("squid").string(), "-N", "-n",
                                                        service_, "-f", at + "/squid.conf"},
                               SIGKILL);
  if (!daemon_->listens(port_)) throw std::runtime_error("squid does not listen: " + log());
}

Squid::~Squid() {
  daemon_.reset();
  // Shared memory that has the name of the service, and outlives a program that is killed.
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored))
    if (entry.path().filename().string().starts_with(service_ + "-"))
      std::filesystem::remove(entry.path(), ignored);
}

std::string Squid::log() const { return daemon_->said() + read_file(folder_ / "cache.log"); }

std::string Squid::accesses() const { return read_file(folder_ / "access.log"); }

}  // namespace wmpush::test
