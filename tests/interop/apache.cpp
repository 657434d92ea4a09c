#include "interop/apache.hpp"

#include <unistd.h>

#include <stdexcept>

#include "interop/program.hpp"
#include "support/clip.hpp"

namespace wmpush::test {
namespace {

constexpr const char* kModules = "/usr/lib/apache2/modules/";

}  // namespace

std::string Apache::missing() {
  return find_program("apache2").empty() ? "apache2" : std::string();
}

bool Apache::has_module(const std::string& name) {
  return std::filesystem::exists(kModules + ("mod_" + name) + ".so");
}

Apache::Apache(const std::filesystem::path& folder, std::uint16_t origin,
               const std::string& directives)
    : folder_(folder), port_(free_port()) {
  const std::string at = folder.string();
  std::string config = "ServerRoot " + at + "\nListen 127.0.0.1:" + std::to_string(port_) +
                       "\nServerName localhost\nPidFile " + at + "/apache.pid\nErrorLog " + at +
                       "/error.log\nLogLevel info\nDefaultRuntimeDir " + at + "\nMutex file:" + at +
                       "\n";
  for (const char* name :
       {"mpm_event", "authn_core", "authz_core", "authn_file", "authz_user", "auth_basic",
        "auth_digest", "proxy", "proxy_http", "reqtimeout", "auth_gssapi"})
    if (has_module(name))
      config += "LoadModule " + std::string(name) + "_module " + kModules + "mod_" + name + ".so\n";
  if (geteuid() == 0) config += "User www-data\nGroup www-data\n";
  config +=
      "LimitRequestBody 0\nRequestReadTimeout body=0\nKeepAlive On\nProxyPass / http://127.0.0.1:" +
      std::to_string(origin) + "/ flushpackets=on\n" + directives + "\n";
  write_file(folder / "apache.conf", config);
  daemon_ = std::make_unique<Daemon>(std::vector<std::string>{
      find_program("apache2").string(), "-DFOREGROUND", "-f", at + "/apache.conf"});
  if (!daemon_->listens(port_)) throw std::runtime_error("apache2 does not listen: " + log());
}

std::string Apache::log() const { return daemon_->said() + read_file(folder_ / "error.log"); }

}  // namespace wmpush::test
