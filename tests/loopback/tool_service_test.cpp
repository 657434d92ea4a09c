// `wmpush serve` as a service: its file, reloads, logs, and the manager that started it.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "serve_run.hpp"
#include "support/raw_client.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kAli = "ali:publishing point:ecff8f7f448fab5069649126afd7b684\n";
constexpr const char* kSesam = "WMPUSH_PASSWORD=Sesam";

/// What a service manager hears.
class Notices {
 public:
  explicit Notices(const std::filesystem::path& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Notices() { ::close(socket_); }
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /// The next one that is not about the watchdog; empty when none comes in 20 s.
  std::string next() {
    for (;;) {
      const std::string text = any();
      if (text != "WATCHDOG=1") return text;
    }
  }
  std::string any() {
    pollfd wanted{socket_, POLLIN, 0};
    if (::poll(&wanted, 1, 20'000) != 1) return {};
    char text[200];
    const ssize_t size = ::recv(socket_, text, sizeof text, 0);
    return {text, size < 0 ? 0 : static_cast<std::size_t>(size)};
  }

 private:
  int socket_ = -1;
};

class ToolServeAsAService : public ServeTest {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    return file(name).string();
  }
  std::string read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(file(name)).rdbuf();
    return text.str();
  }
  Finished push_as_ali(const std::string& url) const {
    return run(wmpush({"send", film(), url, "--fast", "--user", "ali"}), {kSesam});
  }
  /// Waits until a file has `text`; false when it has not within 20 s.
  bool wait_for(const std::string& name, const std::string& text) const {
    for (int i = 0; i < 2000; ++i) {
      if (read(name).find(text) != std::string::npos) return true;
      usleep(10'000);
    }
    return false;
  }
  /// SIGHUP, and until it is done.
  static void reload(ChildProcess& serve, const std::string& answer) {
    serve.signal(SIGHUP);
    EXPECT_TRUE(serve.wait_for_error_text(answer)) << serve.error_text();
  }
  static int check(const std::string& config, std::string& said) {
    const Finished finished = run(wmpush({"serve", "--config", config, "--check"}));
    said = finished.output + finished.error;
    return finished.status;
  }
};

TEST_F(ToolServeAsAService, DoesWhatItsFileSaysAndFlagsWin) {
  write("users", kAli);
  const std::string config = write("live.toml",
                                   "listen = \"127.0.0.1:0\"\n"
                                   "[record]\n"
                                   "directory = \"received\"\n"
                                   "name = \"take\"\n"
                                   "[access]\n"
                                   "users = \"users\"\n"
                                   "[[point]]\n"
                                   "name = \"one\"\n"
                                   "[[point]]\n"
                                   "name = \"two\"\n");
  ChildProcess serve(wmpush({"serve", "--config", config}));
  const std::string url = url_of(serve);
  EXPECT_THAT(url, MatchesRegex("wmpush://127.0.0.1:[0-9]+/one"));
  EXPECT_NE(run(wmpush({"send", film(), url, "--fast"})).status, 0);
  EXPECT_EQ(push_as_ali(url).status, 0);
  stop(serve);
  EXPECT_THAT(serve.output(), HasSubstr("/two\n"));
  EXPECT_TRUE(std::filesystem::exists(file("received") / "take.asf"));

  ChildProcess other(wmpush({"serve", "--config", config, "--point", "three", "--user", "ali"}),
                     {"WMPUSH_PASSWORD=another"});
  EXPECT_THAT(url_of(other), HasSubstr("/three"));
  EXPECT_NE(push_as_ali(url_of(other)).status, 0) << "the flag takes the place of the file";
  stop(other);
}

TEST_F(ToolServeAsAService, ChecksItsFile) {
  std::string said;
  EXPECT_EQ(check(write("good.toml", "listen = \"127.0.0.1:1\"\n"), said), 0);
  EXPECT_THAT(said, AllOf(HasSubstr("good.toml: all is well"), HasSubstr("good.toml")));
  EXPECT_EQ(check(write("bad.toml", "\n[limits]\n  viewer = 1\n"), said), 2);
  EXPECT_THAT(said, HasSubstr("bad.toml: line 3, column 3: there is no key 'viewer' in [limits]: "
                              "did you mean 'viewers'?"));
  EXPECT_EQ(lines_in(said), 1u) << said;
  EXPECT_EQ(check(write("broken.toml", "listen = \n"), said), 2);
  EXPECT_THAT(said, HasSubstr("broken.toml: line 1, column "));
  EXPECT_EQ(check(write("where.toml", "listen = \"nowhere\"\n"), said), 2);
  EXPECT_THAT(said, HasSubstr("where.toml: line 1, column 1: listen: "));
  EXPECT_EQ(check(write("grants.toml", "[access]\ngrants = [\"ali:push:*\"]\n"), said), 2);
  EXPECT_THAT(said, HasSubstr("line 2, column 1: access.grants: there is no user 'ali'"));
  EXPECT_EQ(check(write("users.toml", "[access]\nusers = \"none\"\n"), said), 2);
  EXPECT_THAT(said, HasSubstr((folder.path() / "none").string()));
  EXPECT_EQ(check(write("open.toml", "listen = \"*:1\"\n"), said), 0);
  EXPECT_THAT(said, HasSubstr("everybody who reaches"));
}

TEST_F(ToolServeAsAService, TakesAUserOnWithoutDroppingAPush) {
  const std::string config = write("live.toml",
                                   "listen = \"127.0.0.1:0\"\n[access]\nusers = \"users\"\n"
                                   "[[point]]\nname = \"one\"\n[[point]]\nname = \"two\"\n");
  write("users", std::string(kAli) + "bob:publishing point:00000000000000000000000000000000\n");
  ChildProcess serve(wmpush({"serve", "--config", config}));
  const std::string url = url_of(serve);
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", url, "--fast", "--user", "ali"}),
                    {kSesam});
  const std::string half = clip().substr(0, clip().size() / 2);
  ASSERT_TRUE(fifo.write(half));
  ASSERT_TRUE(serve.wait_for_output(" started ")) << serve.error_text();

  // eve's password is "Sesam", too.
  write("users", std::string(kAli) + "eve:publishing point:1b836c3e49739510f853ff5c3e014ec6\n");
  const std::string two = url.substr(0, url.rfind('/')) + "/two";
  const auto push_as_eve = [&] {
    return run(wmpush({"send", film(), two, "--fast", "--user", "eve"}), {kSesam}).status;
  };
  EXPECT_NE(push_as_eve(), 0);
  reload(serve, "read again");
  EXPECT_EQ(push_as_eve(), 0) << serve.error_text();

  ASSERT_TRUE(fifo.write(clip().substr(half.size())));
  fifo.close();
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  stop(serve);
}

TEST_F(ToolServeAsAService, ChangesLimitsWhileAPushGoesOn) {
  const std::string config =
      write("live.toml", "listen = \"127.0.0.1:0\"\n[limits]\nviewers = 0\n");
  ChildProcess serve(wmpush({"serve", "--config", config}));
  const std::string url = url_of(serve);
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", url, "--fast"}));
  ASSERT_TRUE(fifo.write(clip().substr(0, clip().size() / 2)));
  ASSERT_TRUE(serve.wait_for_output(" started "));
  const auto watch = [&] {
    RawClient viewer(port_of(url));
    viewer.send("GET /live HTTP/1.0\r\n\r\n");
    return status_of(viewer.read_response());
  };
  EXPECT_EQ(watch(), 503);
  write("live.toml", "listen = \"127.0.0.1:0\"\n[limits]\nviewers = 10\nviewer_queue = 100000\n");
  reload(serve, "read again what may change\n");
  EXPECT_EQ(watch(), 200);
  ASSERT_TRUE(fifo.write(clip().substr(clip().size() / 2)));
  fifo.close();
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  stop(serve);
  EXPECT_THAT(serve.error_text(), HasSubstr("a viewer is refused: the server has 0 ("));
  EXPECT_THAT(serve.error_text(), HasSubstr("limits that were met, and how often: viewers 1\n"));
}

TEST_F(ToolServeAsAService, KeepsWhatWasWhenItsFileIsBroken) {
  write("users", kAli);
  const std::string config =
      write("live.toml", "listen = \"127.0.0.1:0\"\n[access]\nusers = \"users\"\n");
  ChildProcess serve(wmpush({"serve", "--config", config}));
  const std::string url = url_of(serve);
  write("live.toml", "listen = \"127.0.0.1:0\"\n[acess]\n");
  reload(serve, "live.toml: line 2, column ");
  EXPECT_THAT(serve.error_text(), AllOf(HasSubstr("all stays as it was"), HasSubstr("'access'?")));
  EXPECT_NE(run(wmpush({"send", film(), url, "--fast"})).status, 0);
  EXPECT_EQ(push_as_ali(url).status, 0);
  write("live.toml", "listen = \"127.0.0.1:1\"\n[[point]]\nname = \"other\"\n");
  reload(serve, "this needs a restart: where to listen, the points");
  EXPECT_EQ(run(wmpush({"send", film(), url, "--fast"})).status, 0) << "without users again";
  stop(serve);
}

TEST_F(ToolServeAsAService, DoesNotWaitForWhoReadsItsErrors) {
  const auto pipe = file("errors");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_GT(fcntl(reader, F_SETPIPE_SZ, 4096), 0);
  ChildProcess serve(wmpush_telling(pipe, {"serve", "--listen", "127.0.0.1:0"}));
  const std::string url = url_of(serve);
  // Each says that a connection was lost: far more than the pipe holds.
  for (int i = 0; i < 300; ++i) {
    RawClient client(port_of(url));
    client.send(RequestText::setup().text());
    const std::string id = push_id_of(client.read_response());
    client.send(RequestText::start(id).text() + frame(wmhttp::FrameId::End, "", 1));
    client.close();
  }
  EXPECT_EQ(run(wmpush({"probe", url})).status, 0);
  stop(serve);
  close(reader);
}

TEST_F(ToolServeAsAService, LogsRequestsAsApacheDoes) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--access_log",
                             file("access.log").string(), "--user", "ali"}),
                     {kSesam});
  const std::string url = url_of(serve);
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", url, "--fast", "--user", "ali"}),
                    {kSesam});
  ASSERT_TRUE(fifo.write(clip().substr(0, clip().size() / 2)));
  ASSERT_TRUE(serve.wait_for_output(" started ")) << serve.error_text();
  RawClient viewer(port_of(url));
  viewer.send("GET /live?token=very.secret&x=y HTTP/1.1\r\nHost: a\r\nReferer: http://b/\r\n\r\n");
  EXPECT_EQ(status_of(viewer.read_response()), 200);
  EXPECT_NE(viewer.read(1000), "");
  viewer.close();
  RawClient lost(port_of(url));
  lost.send("GET /nowhere HTTP/1.0\r\nUser-Agent: a \"b\"\r\n\r\n");
  EXPECT_EQ(status_of(lost.read_response()), 404);
  RawClient odd(port_of(url));
  odd.send("nonsense\r\n\r\n");
  EXPECT_EQ(status_of(odd.read_response()), 400);
  ASSERT_TRUE(fifo.write(clip().substr(clip().size() / 2)));
  fifo.close();
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  stop(serve);

  const std::string log = read("access.log");
  const std::string start = "127\\.0\\.0\\.1 - ";
  const std::string time = "\\[[^]]*\\] ";
  const auto has = [&](const std::string& line) {
    EXPECT_THAT("\n" + log, ::testing::ContainsRegex("\n" + start + line + "\n"));
  };
  has("- " + time +
      "\"GET /live\\?token=\\*\\*\\*&x=y HTTP/1\\.1\" 200 [0-9]{4,} \"http://b/\" \"-\"");
  has("- " + time + "\"GET /nowhere HTTP/1\\.0\" 404 - \"-\" \"a \\\\\"b\\\\\"\"");
  has("- " + time + "\"-\" 400 - \"-\" \"-\"");
  has("- " + time + "\"POST /live HTTP/1\\.1\" 401 - \"-\" \"WMEncoder[^\"]*\"");
  has("ali " + time + "\"POST /live HTTP/1\\.1\" 204 - \"-\" \"WMEncoder[^\"]*\"");
  has("ali " + time + "\"POST /live HTTP/1\\.1\" 200 [0-9]{4,} \"-\" \"WMEncoder[^\"]*\"");
  EXPECT_THAT(log, Not(HasSubstr("secret")));
}

TEST_F(ToolServeAsAService, OpensItsLogAgain) {
  const std::string log = file("access.log").string();
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--access_log", log}));
  const std::string url = url_of(serve);
  const auto ask = [&](const std::string& path) {
    RawClient client(port_of(url));
    client.send("GET " + path + " HTTP/1.0\r\n\r\n");
    EXPECT_EQ(status_of(client.read_response()), 404);
  };
  ask("/before");
  EXPECT_TRUE(wait_for("access.log", "/before"));
  std::filesystem::rename(log, log + ".1");
  reload(serve, "read again");
  ask("/after");
  stop(serve);
  EXPECT_THAT(read("access.log.1"), AllOf(HasSubstr("/before"), Not(HasSubstr("/after"))));
  EXPECT_THAT(read("access.log"), AllOf(HasSubstr("/after"), Not(HasSubstr("/before"))));
}

TEST_F(ToolServeAsAService, SaysThatItCannotLog) {
  const Finished serve = run(
      wmpush({"serve", "--listen", "127.0.0.1:0", "--access_log", file("no/access.log").string()}));
  EXPECT_EQ(serve.status, 1);
  EXPECT_THAT(serve.error, HasSubstr("cannot open the access log "));
}

TEST_F(ToolServeAsAService, TellsItsManagerHowItIs) {
  Notices notices(file("notify"));
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0"}),
                     {"NOTIFY_SOCKET=" + file("notify").string(), "WATCHDOG_USEC=200000"});
  EXPECT_EQ(notices.any(), "READY=1");
  EXPECT_EQ(notices.any(), "WATCHDOG=1");
  EXPECT_EQ(notices.any(), "WATCHDOG=1");
  serve.signal(SIGHUP);
  EXPECT_THAT(notices.next(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(notices.next(), "READY=1");
  serve.signal(SIGTERM);
  EXPECT_EQ(notices.next(), "STOPPING=1");
  EXPECT_EQ(serve.wait(), 0);
}

TEST_F(ToolServeAsAService, ListensOnASocketThatItIsGiven) {
  std::uint16_t port = 0;
  const int socket = listening_socket(port);
  Words command{"bash", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&" + std::to_string(socket),
                "bash"};
  for (const std::string& word : wmpush({"serve", "--listen", "127.0.0.1:1"}))
    command.push_back(word);
  ChildProcess serve(command);
  ::close(socket);
  const std::string url = url_of(serve);
  EXPECT_EQ(port_of(url), port);
  EXPECT_EQ(run(wmpush({"send", film(), url, "--fast"})).status, 0);
  stop(serve);

  command[2] = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3</dev/null";
  const Finished refused = run(command);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.error, HasSubstr("the socket that was handed over"));
}

}  // namespace
}  // namespace wmpush::test
