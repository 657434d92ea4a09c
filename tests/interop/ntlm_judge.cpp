// What squid asks about NTLM: a helper that lets gss-ntlmssp judge, so that passwords count
// (squid's own fake one takes any). The users are in the file that NTLM_USER_FILE names.
//
//     ntlm_judge LOG
//
// A line "YR TOKEN" begins a conversation and is answered with the challenge ("TT TOKEN"), "KK
// TOKEN" ends it with "AF USER" or "NA REASON", which is also appended to LOG.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gssapi/gssapi.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "auth/base64.hpp"

namespace {

/// One conversation with one client.
class Conversation {
 public:
  ~Conversation() {
    OM_uint32 minor;
    if (context_ != GSS_C_NO_CONTEXT) gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
  }

  std::string answer(const std::string& token) {
    const auto bytes = wmpush::auth::from_base64(token);
    if (!bytes) return "BH not base64";
    std::string text(*bytes);
    gss_buffer_desc input{text.size(), text.data()};
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
    gss_name_t user = GSS_C_NO_NAME;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_accept_sec_context(&minor, &context_, GSS_C_NO_CREDENTIAL, &input,
                                                   GSS_C_NO_CHANNEL_BINDINGS, &user, nullptr,
                                                   &output, nullptr, nullptr, nullptr);
    const std::string next(static_cast<const char*>(output.value), output.length);
    gss_release_buffer(&minor, &output);
    if (GSS_ERROR(major)) return "NA refused";
    if (major & GSS_S_CONTINUE_NEEDED) return "TT " + wmpush::auth::base64(next);
    gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
    gss_display_name(&minor, user, &name, nullptr);
    std::string known(static_cast<const char*>(name.value), name.length);
    known.erase(std::min(known.find('\0'), known.size()));  // gss-ntlmssp counts it
    gss_release_buffer(&minor, &name);
    gss_release_name(&minor, &user);
    return "AF " + known;
  }

 private:
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: ntlm_judge LOG\n");
    return 2;
  }
  std::ofstream log(argv[1], std::ios::app);
  std::optional<Conversation> conversation;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string token = line.substr(std::min<std::size_t>(3, line.size()));
    if (line.starts_with("YR")) {
      conversation.emplace();
      const std::string answer = conversation->answer(token);
      std::cout << answer << std::endl;
    } else if (line.starts_with("KK") && conversation) {
      const std::string answer = conversation->answer(token);
      conversation.reset();
      log << answer << std::endl;
      std::cout << answer << std::endl;
    } else {
      std::cout << "BH what?" << std::endl;
    }
  }
  return 0;
}
