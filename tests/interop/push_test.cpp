#include "interop/push_test.hpp"

namespace wmpush::test {

PushTest::PushTest() {
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  options.ca_file = authority.c_str();
  std::filesystem::copy_file(certificates.make("proxy"), folder.path() / "tls.pem");
  std::filesystem::copy_file(certificates.authority(), folder.path() / "authority.pem");
}

std::uint16_t PushTest::origin_port(const Arrangement& arrangement) const {
  return arrangement.tls_at_origin() ? point->tls_port() : point->port();
}

void PushTest::listen(pubpoint::Settings settings) {
  settings.record = folder.path() / "recordings";
  point = std::make_unique<FaultyServer>(std::move(settings), habits);
}

void PushTest::expect_delivered(const NumberedStream& stream) {
  // The end has long arrived where the push has succeeded, but maybe not been read.
  point->wait_for([&] { return !session().recordings.empty(); }, std::chrono::seconds(5));
  ASSERT_EQ(point->sessions().size(), 1u) << said();
  const pubpoint::SessionReport report = session();
  EXPECT_TRUE(report.end_of_stream) << report.ended_because << "\n" << said();
  EXPECT_EQ(report.end_reason, 0u);
  EXPECT_EQ(report.packets, stream.packets());
  EXPECT_EQ(report.recording_error, "");
  const Arrivals arrivals = arrivals_of(stream, report.recordings);
  EXPECT_TRUE(arrivals.all()) << arrivals;
  expect_no_breach(*point);
}

pubpoint::SessionReport PushTest::session() const {
  const auto sessions = point->sessions();
  return sessions.empty() ? pubpoint::SessionReport() : sessions.back();
}

void PushTest::expect_unsaid(const std::string& secret) const {
  EXPECT_EQ(said().find(secret), std::string::npos);
}

std::string PushTest::said() const {
  std::string text = lines + message + "\n";
  if (point)
    for (const auto& breach : point->breaches()) text += breach.rule + ": " + breach.text + "\n";
  return text;
}

std::size_t PushTest::count(const std::string& text, const std::string& what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++times;
  return times;
}

}  // namespace wmpush::test
