#include "core/secret_text.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(SecretText, ThePasswordOfAUrlIsMaskedWhereverTheUrlStands) {
  for (const char* before : {"", "cannot open ", "there is no command '", "http://a:80/x "})
    for (const char* after : {"", "': No such file", " and more, me@home", "?x=1"}) {
      const auto around = [&](const char* url) { return std::string(before) + url + after; };
      for (const char* url : {"wmpush://joe:sEcr3t@host/live", "WMPUSH://joe:sEcr3t@host:80/live",
                              "http://joe:s@cr3t@host/live", "wmpsh://joe:s:cr3t@host/live",
                              "http://joe:1234@host/live", "http://joe:my secret@host/live"}) {
        const std::string text = mask_secrets(around(url));
        EXPECT_NE(text.find("joe:***@host"), text.npos) << text;
        EXPECT_EQ(text.find("cr3t"), text.npos) << text;
        EXPECT_TRUE(text.ends_with(after)) << text;
        EXPECT_TRUE(text.starts_with(before)) << text;
        EXPECT_EQ(mask_secrets(text), text) << "nothing is left";
      }
    }
  EXPECT_EQ(mask_secrets("open wmpush://joe:sE/cr?3t@host/live: No such file"),
            "open wmpush://joe:***@host/live: No such file");
  EXPECT_EQ(mask_secrets("wmpush://h/live;http://joe:sEcr3t@host/"),
            "wmpush://h/live;http://joe:***@host/");
  EXPECT_EQ(mask_secrets("wmpush://joe:pa://ss@host/live"), "wmpush://joe:***@host/live");
}

TEST(SecretText, AParameterThatNamesASecretIsMasked) {
  EXPECT_EQ(mask_secrets("/live?user=joe&pasword=sEcr3t&x=1: refused"),
            "/live?user=joe&pasword=***&x=1: refused");
  EXPECT_EQ(mask_secrets("'wmpush://h/l?http_proxy=http://joe:sEcr3t@proxy:80': no"),
            "'wmpush://h/l?http_proxy=***': no");
  for (const char* name : {"password", "PASSWORD", "passwrod", "paasword", "pwd", "pw", "secret",
                           "access-token", "http-proxy"})
    EXPECT_TRUE(names_secret(name)) << name;
  for (const char* name : {"", "user", "password_file", "password-file", "connect_timeout", "w"})
    EXPECT_FALSE(names_secret(name)) << name;
}

TEST(SecretText, OtherTextStaysAsItIs) {
  for (const char* text :
       {"", "://", "wmpush://", "wmpush://host/live", "wmpush://host:8080/a@b?c=d&e",
        "no connection to http://proxy:3128 for joe@example.org",
        "http://proxy:3128: joe@example.org may not", "wmpush://[::1]:80: for joe@example.org",
        "wmpush://joe@host:80/live: asked", "'wmpush://host:80', 'joe@host'", "what? password=x",
        "wmpush://host/live?password=", "wmpush://host/live?password", "?password_file=name"})
    EXPECT_EQ(mask_secrets(text), text);
}

}  // namespace
}  // namespace wmpush
