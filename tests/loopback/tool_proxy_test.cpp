// `wmpush send` and `wmpush probe` through a proxy, and to where a redirect leads.
#include "support/faulty_server.hpp"
#include "support/forward_proxy.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ToolProxy : public ToolTest {
 protected:
  ToolProxy() : proxy(guarded()) { forget_proxies(); }
  static ForwardProxy::Settings guarded() {
    ForwardProxy::Settings settings;
    settings.authentication.user = "pat";
    settings.authentication.password = "hush-hush";
    return settings;
  }

  ForwardProxy proxy;
};

TEST_F(ToolProxy, SendGoesThroughItAndHidesItsPassword) {
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", server.url(), "--http-proxy",
                                                 proxy.url("pat:hush-hush"), "--verbose"}));
  ASSERT_TRUE(server.wait_for([&] { return server.requests() > 0; })) << push.error_text();
  const std::string words = read_file("/proc/" + std::to_string(push.id()) + "/cmdline");
  EXPECT_TRUE(fifo.write(clip()));
  fifo.close();
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  EXPECT_THAT(words, AllOf(HasSubstr("--http-proxy"), Not(HasSubstr("hush"))));
  EXPECT_THAT(push.error_text(), AllOf(HasSubstr("connecting to the proxy 127.0.0.1"),
                                       HasSubstr("user 'pat'"), Not(HasSubstr("hush"))));
  EXPECT_TRUE(last_session().end_of_stream);
  EXPECT_THAT(proxy.breaches(), IsEmpty());
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolProxy, ProbeTakesItFromTheEnvironmentAndTheFlagWins) {
  const Words environment{"http_proxy=" + proxy.url("pat:hush-hush")};
  const Finished through = run(wmpush({"probe", server.url(), "-v"}), environment);
  EXPECT_EQ(through.status, 0) << through.error;
  EXPECT_EQ(proxy.client_connections(), 1u);
  EXPECT_THAT(through.error + through.output, Not(HasSubstr("hush")));
  const Finished direct = run(wmpush({"probe", server.url(), "--http-proxy="}), environment);
  EXPECT_EQ(direct.status, 0) << direct.error;
  EXPECT_EQ(proxy.client_connections(), 1u);
}

TEST_F(ToolProxy, ProbeSaysThatTheAddressIsTheProxys) {
  const Words environment{"http_proxy=" + proxy.url("pat:hush-hush")};
  const std::string there = "127.0.0.1:" + std::to_string(server.port());
  const std::string between = "127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_THAT(run(wmpush({"probe", server.url()}), environment).output,
              HasSubstr("  address     " + between + " (the proxy)\n"));
  EXPECT_THAT(run(wmpush({"probe", server.url(), "--json"}), environment).output,
              HasSubstr("\"address\": \"" + between + "\", \"address_is_proxy\": true"));
  EXPECT_THAT(run(wmpush({"probe", server.url()})).output,
              HasSubstr("  address     " + there + "\n"));
  EXPECT_THAT(run(wmpush({"probe", server.url(), "--json"})).output,
              HasSubstr("\"address\": \"" + there + "\", \"address_is_proxy\": false"));
}

TEST_F(ToolProxy, ThatIsNotThereEndsInOneLineThatNamesIt) {
  std::string gone;
  {
    const ForwardProxy other;
    gone = other.url("pat:hush-hush");
  }
  const Finished push = run(wmpush({"probe", server.url()}), {"http_proxy=" + gone});
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(last_line(push.error),
              AllOf(HasSubstr("NS_E_PROXY_NOT_FOUND"), HasSubstr("http_proxy in the environment"),
                    HasSubstr("no_proxy"), Not(HasSubstr("hush"))));
}

TEST_F(ToolProxy, C23_ARedirectOfASendIsFollowed) {
  FaultyServer second(recording_settings());
  Fault fault;
  fault.at = At::PushSetup;
  fault.response = "HTTP/1.1 302 Found\r\nLocation: " + second.url() +
                   "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  server.add_fault(fault);
  const auto film = write_file("clip.asf", clip());
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast", "-v"}));
  EXPECT_EQ(push.status, 0) << push.error;
  ASSERT_EQ(second.sessions().size(), 1u);
  EXPECT_EQ(second.sessions()[0].packets, packets_in(clip()));
  EXPECT_THAT(push.error, HasSubstr("redirected (302 Found) to " + second.url()));
}

}  // namespace
}  // namespace wmpush::test
