// What a server asks for is read to its end, and nothing comes of it that was not there.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "auth/challenge.hpp"
#include "auth/digest.hpp"
#include "fuzz/target.hpp"

namespace wmpush::fuzz {
namespace {

bool is_one_line(std::string_view text) {
  for (const char c : text)
    if (c == '\r' || c == '\n') return false;
  return true;
}

void check(std::string_view field) {
  const std::vector<auth::Challenge> challenges = auth::parse_challenges(field);
  require(challenges.size() <= auth::kMaxChallenges, "there are not too many challenges");
  std::size_t size = 0;
  for (const auth::Challenge& challenge : challenges) {
    require(!challenge.scheme.empty(), "a challenge has a scheme");
    size += challenge.scheme.size() + challenge.token.size();
    for (const auto& [name, value] : challenge.parameters) {
      require(!name.empty(), "a parameter has a name");
      size += name.size() + value.size();
      const auto again = auth::parse_challenges("S n=" + auth::quoted_string(value));
      require(again.size() == 1 && again[0].parameter("n") == std::string_view(value),
              "a value that is quoted is read as it was");
    }
  }
  require(size <= field.size(), "everything was in the field");

  auth::DigestMechanism digest({"host", "user", "password"});
  std::string why;
  if (digest.take(challenges, why) != auth::Mechanism::Step::Ready) return;
  const std::string answer = digest.authorization({"POST", "/"});
  const auto read = auth::parse_challenges(answer);
  require(read.size() == 1 && read[0].parameter("username") == "user",
          "the answer is one header, whatever the server asked");
  require(is_one_line(answer) || !is_one_line(field), "the answer has no line that was not asked");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  std::vector<std::vector<std::byte>> seeds;
  for (const std::string_view field :
       {"Negotiate", "Negotiate YII+/w==, NTLM, Basic realm=\"a \\\"b\\\"\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\", opaque=\"o\", stale=true",
        "Digest realm=r, nonce=n, algorithm=SHA-256-sess, Digest nonce=m, algorithm=MD5"}) {
    const Bytes bytes = as_bytes(field);
    seeds.emplace_back(bytes.begin(), bytes.end());
  }
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  check(wmpush::as_text(input(data, size)));
  return 0;
}
