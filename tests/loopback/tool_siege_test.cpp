// `wmpush serve` while others do it harm: descriptors used up, and an end in the middle of it all.
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <system_error>
#include <thread>

#include "asf/splitter.hpp"
#include "serve_run.hpp"
#include "support/raw_client.hpp"

namespace wmpush::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Clients = std::vector<std::unique_ptr<RawClient>>;

/// Seconds of processor time that a process has taken.
double processor_time(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; fields >> field && i <= 15; ++i)
    if (i == 14 || i == 15) ticks += std::stod(field);
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// The header and the packets of an ASF file, as they are pushed.
std::string frames_of(const std::string& asf) {
  std::string frames;
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  for (Bytes rest = as_bytes(asf);
       !splitter.next(rest, unit) && unit.kind != asf::Splitter::Kind::None;) {
    if (unit.kind == asf::Splitter::Kind::Header)
      frames += frame(wmhttp::FrameId::Header, unit.bytes);
    else if (unit.kind == asf::Splitter::Kind::Packet)
      frames += frame(wmhttp::FrameId::Data, unit.bytes);
  }
  return frames;
}

class ToolServeUnderSiege : public ServeTest {
 protected:
  static Words with_few_descriptors(const Words& words) {
    Words command{"bash", "-c", "ulimit -n 48; exec \"$@\"", "bash"};
    for (const std::string& word : wmpush(words)) command.push_back(word);
    return command;
  }
  /// A push that has sent its first half.
  void begin_push(ChildProcess& serve) {
    url = url_of(serve);
    fifo = std::make_unique<Fifo>(file("fifo"));
    push =
        std::make_unique<ChildProcess>(wmpush_reading(fifo->path(), {"send", "-", url, "--fast"}));
    ASSERT_TRUE(fifo->write(clip().substr(0, clip().size() / 2)));
    ASSERT_TRUE(serve.wait_for_output(" started ")) << serve.error_text();
  }
  void finish_push() {
    ASSERT_TRUE(fifo->write(clip().substr(clip().size() / 2)));
    fifo->close();
    EXPECT_EQ(push->wait(), 0) << push->error_text();
  }
  std::string recorded_frames() const {
    const auto files = std::filesystem::directory_iterator(file("recorded"));
    return files == end(files) ? "" : decoded_frames(files->path());
  }

  std::string url;
  std::unique_ptr<Fifo> fifo;
  std::unique_ptr<ChildProcess> push;
};

TEST_F(ToolServeUnderSiege, WithoutDescriptorsAPushLosesNothingAndOthersComeInLater) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizers look at memory by descriptors of their own";
#endif
  ChildProcess serve(with_few_descriptors(
      {"serve", "--listen", "127.0.0.1:0", "--record", file("recorded").string()}));
  begin_push(serve);
  Clients idle;
  for (int i = 0; i < 60; ++i) idle.push_back(std::make_unique<RawClient>(port_of(url)));
  ASSERT_TRUE(serve.wait_for_error_text(" descriptors the last 12 are kept for files"))
      << serve.error_text();
  EXPECT_EQ(status_of(idle.back()->read_response()), 503);

  const double before = processor_time(serve.id());
  finish_push();
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.error_text();
  // One that asks for connections that it cannot have takes all of a processor.
  EXPECT_LT(processor_time(serve.id()) - before, 1.0);
  EXPECT_EQ(recorded_frames(), decoded_frames(film()));

  idle.clear();
  const Finished probe = run(wmpush({"probe", url}));
  EXPECT_EQ(probe.status, 0) << probe.error;
  stop(serve);
  EXPECT_THAT(serve.error_text(), HasSubstr("limits that were met, and how often: descriptors "));
}

TEST_F(ToolServeUnderSiege, WithoutDescriptorsForConnectionsARecordingStillBegins) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizers look at memory by descriptors of their own";
#endif
  ChildProcess serve(with_few_descriptors(
      {"serve", "--listen", "127.0.0.1:0", "--record", file("recorded").string()}));
  url = url_of(serve);
  RawClient encoder(port_of(url));
  encoder.send(RequestText::setup().text());
  const std::string id = push_id_of(encoder.read_response());
  Clients idle;
  for (int i = 0; i < 60; ++i) idle.push_back(std::make_unique<RawClient>(port_of(url)));
  ASSERT_TRUE(serve.wait_for_error_text("are kept for files")) << serve.error_text();
  encoder.send(RequestText::start(id).text() + frames_of(clip()) + end_frame());
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.error_text();
  EXPECT_THAT(serve.output(), Not(HasSubstr("not recorded")));
  EXPECT_EQ(recorded_frames(), decoded_frames(film()));
  stop(serve);
}

/// Asks again and again, on one connection after the other, until it is told to stop.
class Besieger {
 public:
  Besieger(std::uint16_t port, const std::string& request)
      : thread_([this, port, request] {
          std::string many;
          for (int i = 0; i < 50; ++i) many += request;
          try {
            while (!over_) {
              RawClient client(port);
              for (int i = 0; i < 20 && !over_ && client.send(many); ++i) {
              }
              client.close();
            }
          } catch (const std::system_error&) {  // there is nobody any more
          }
        }) {}
  ~Besieger() {
    over_ = true;
    thread_.join();
  }
  Besieger(const Besieger&) = delete;
  Besieger& operator=(const Besieger&) = delete;

 private:
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

TEST_F(ToolServeUnderSiege, EndsInTimeWithItsRecordingWhole) {
  ChildProcess serve(
      wmpush({"serve", "--listen", "127.0.0.1:0", "--record", file("recorded").string()}));
  begin_push(serve);
  Clients others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(std::make_unique<RawClient>(port_of(url)));  // says nothing
    others.push_back(std::make_unique<RawClient>(port_of(url)));
    others.back()->send("GET /live HTTP/1.0\r\n\r\n");  // watches, and never reads
    others.push_back(std::make_unique<RawClient>(port_of(url)));
    others.back()->send("POST /li");  // never says the rest
  }
  std::vector<std::unique_ptr<Besieger>> besiegers;
  besiegers.push_back(std::make_unique<Besieger>(port_of(url), RequestText::setup().text()));
  besiegers.push_back(
      std::make_unique<Besieger>(port_of(url), "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"));

  // The siege is on when an answer was had in the middle of it.
  RawClient witness(port_of(url));
  witness.send(RequestText::setup().text());
  EXPECT_NE(witness.read_response(), "");
  const auto start = std::chrono::steady_clock::now();
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.wait(), 0) << serve.error_text();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(5500));
  besiegers.clear();
  EXPECT_EQ(push->wait(), 1) << "its server went away";
  EXPECT_NE(recorded_frames(), "");
  EXPECT_THAT(serve.output(), HasSubstr(" ended: "));
}

}  // namespace
}  // namespace wmpush::test
