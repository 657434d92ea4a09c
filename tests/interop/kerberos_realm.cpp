#include "interop/kerberos_realm.hpp"

#include <cstdlib>
#include <stdexcept>

#include "interop/program.hpp"

namespace wmpush::test {

std::string KerberosRealm::missing() {
  if (find_program("krb5kdc").empty()) return "krb5-kdc";
  if (find_program("kadmin.local").empty()) return "krb5-admin-server";
  if (find_program("kinit").empty()) return "krb5-user";
  return {};
}

KerberosRealm::KerberosRealm(const std::filesystem::path& folder, std::string user,
                             std::string password)
    : folder_(folder), user_(std::move(user)), password_(std::move(password)) {
  const std::uint16_t number = free_port();
  const std::string port = std::to_string(number);
  const std::string at = folder.string();
  write_file(folder / "krb5.conf",
             "[libdefaults]\n default_realm = WMS.TEST\n dns_lookup_kdc = false\n"
             " dns_lookup_realm = false\n rdns = false\n dns_canonicalize_hostname = false\n"
             "[realms]\n WMS.TEST = {\n  kdc = 127.0.0.1:" +
                 port + "\n }\n");
  write_file(folder / "kdc.conf", "[kdcdefaults]\n kdc_listen = 127.0.0.1:" + port +
                                      "\n kdc_tcp_listen = 127.0.0.1:" + port +
                                      "\n[realms]\n WMS.TEST = {\n  database_name = " + at +
                                      "/principal\n  key_stash_file = " + at +
                                      "/stash\n }\n"
                                      "[logging]\n kdc = FILE:" +
                                      at + "/kdc.log\n");
  setenv("KRB5_CONFIG", (at + "/krb5.conf").c_str(), 1);
  setenv("KRB5_KDC_PROFILE", (at + "/kdc.conf").c_str(), 1);
  setenv("KRB5CCNAME", ("FILE:" + at + "/tickets").c_str(), 1);
  run({find_program("kdb5_util").string(), "create", "-s", "-r", "WMS.TEST", "-P", "master"});
  const std::string kadmin = find_program("kadmin.local").string();
  run({kadmin, "-q", "addprinc -pw \"" + password_ + "\" " + user_});
  run({kadmin, "-q", "addprinc -randkey HTTP/localhost"});
  run({kadmin, "-q", "ktadd -k " + keytab().string() + " HTTP/localhost"});
  std::filesystem::permissions(keytab(), std::filesystem::perms(0644));
  kdc_ = std::make_unique<Daemon>(
      std::vector<std::string>{find_program("krb5kdc").string(), "-n", "-r", "WMS.TEST"});
  if (!kdc_->listens(number)) throw std::runtime_error("krb5kdc does not listen: " + kdc_->said());
}

void KerberosRealm::get_ticket() const {
  write_file(folder_ / "typed", password_ + "\n");
  run({"sh", "-c", "kinit " + user_ + " < " + (folder_ / "typed").string()});
}

void KerberosRealm::drop_tickets() const { std::filesystem::remove(folder_ / "tickets"); }

}  // namespace wmpush::test
