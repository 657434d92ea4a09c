#include "interop/arrangement.hpp"

#include "interop/apache.hpp"
#include "interop/haproxy.hpp"
#include "interop/nginx.hpp"

namespace wmpush::test {
namespace {

using std::filesystem::path;

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
  return all;
}

}  // namespace

const std::vector<Arrangement>& arrangements() {
  static const std::vector<Arrangement> kAll = make();
  return kAll;
}

}  // namespace wmpush::test
