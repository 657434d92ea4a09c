#include <gmock/gmock.h>

#include "wmhttp/message.hpp"

namespace wmpush::wmhttp {
namespace {

using Status = ResponseReader::Status;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class ResponseReaderTest : public testing::Test {
 protected:
  Status take(std::string_view text) {
    Bytes input = as_bytes(text);
    const Status status = reader.next(input, response);
    left = as_text(input);
    return status;
  }

  ResponseReader reader;
  Response response;
  std::string left;
};

TEST_F(ResponseReaderTest, ReadsWhatTheProtocolNeedsOfAHead) {
  EXPECT_EQ(take("HTTP/1.1 204 No Content\r\nServer: Cougar/9.6\r\nSupported: a, b\r\n"
                 "Set-Cookie: push-id=42\r\nSet-Cookie: route=7; Path=/\r\n"
                 "Pragma: no-cache, timeout=30000\r\nVia: 1.1 proxy\r\nContent-Length: 0\r\n\r\n"),
            Status::Response);
  EXPECT_EQ(response.status_text(), "204 No Content");
  EXPECT_TRUE(response.from_media_server());
  EXPECT_EQ(response.supported, "a, b");
  EXPECT_EQ(response.push_id, "42");
  EXPECT_THAT(response.cookies, ElementsAre(Pair("route", "7")));
  EXPECT_EQ(response.timeout, std::chrono::seconds(30));
  EXPECT_TRUE(response.via);
  EXPECT_TRUE(response.keep_alive);
}

TEST_F(ResponseReaderTest, AConnectionThatIsNotKeptShowsInSeveralWays) {
  for (const char* text : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                           "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    reader.reset();
    EXPECT_EQ(take(text), Status::Response);
    EXPECT_FALSE(response.keep_alive) << text;
  }
}

TEST_F(ResponseReaderTest, ReadsPastABodyOfALengthAndOneInChunks) {
  for (const char* body : {"Content-Length: 5\r\n\r\nhello",
                           "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"}) {
    reader.reset();
    const std::string two = "HTTP/1.1 404 Not Found\r\n" + std::string(body) +
                            "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
    EXPECT_EQ(take(two), Status::Response);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(take(left), Status::Response) << body;
    EXPECT_EQ(response.status, 204);
  }
}

TEST_F(ResponseReaderTest, PassesInterimResponsesOverUpToALimit) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(take(interim + interim + "HTTP/1.1 204 No Content\r\n\r\n"), Status::Response);
  EXPECT_EQ(response.status, 204);
  std::string many;
  for (std::size_t i = 0; i <= kMaxInterim; ++i) many += interim;
  EXPECT_EQ(take(many), Status::Excessive);
}

TEST_F(ResponseReaderTest, BoundsAHeadItsFieldsAndABody) {
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\nX: " + std::string(kMaxResponseHead, 'x')), Status::Excessive);
  reader.reset();
  std::string fields = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i <= kMaxHeaderFields; ++i) fields += "X: y\r\n";
  EXPECT_EQ(take(fields + "\r\n"), Status::Excessive);
  reader.reset();
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"), Status::Response);
  EXPECT_EQ(take(std::string(kMaxResponseBody + 1, 'b')), Status::Excessive);
}

TEST_F(ResponseReaderTest, KnowsWhatIsNoHttp) {
  EXPECT_EQ(take("220 mail.example ESMTP\r\n"), Status::Malformed);
  EXPECT_THAT(reader.malformed(), HasSubstr("220 mail"));
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\n\r\n"), Status::Malformed) << "for good";
  reader.reset();
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\n\r\n"), Status::Response);
}

}  // namespace
}  // namespace wmpush::wmhttp
