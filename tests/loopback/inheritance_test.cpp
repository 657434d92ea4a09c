// What a program that is started meanwhile, or a signal that arrives meanwhile, finds of a session:
// nothing. The program's own socket(), accept() and getaddrinfo() stand in front of the system's.
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>

#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "wmpush/push_sink.hpp"

namespace {

std::atomic<int> born_open = 0;  // descriptors that a program started meanwhile would inherit
std::atomic<int> lookups = 0;
std::atomic<bool> signals_reach_lookup = false;

}  // namespace

extern "C" int socket(int domain, int type, int protocol) noexcept {
  if ((type & SOCK_CLOEXEC) == 0) ++born_open;
  return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
}

extern "C" int accept(int listener, sockaddr* address, socklen_t* size) {
  ++born_open;
  return static_cast<int>(::syscall(SYS_accept, listener, address, size));
}

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGUSR1, SIGCHLD, SIGPIPE})
    if (sigismember(&blocked, number) == 0) signals_reach_lookup = true;
  ++lookups;
  using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto systems = reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return systems(host, service, hints, found);
}

namespace wmpush::test {
namespace {

/// The descriptors of this process that a program which it starts would inherit.
std::set<int> inherited() {
  std::set<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::stoi(entry.path().filename());
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) numbers.insert(descriptor);
  }
  return numbers;
}

TEST(Inheritance, NoDescriptorOfASessionOrAPublishingPointIsInherited) {
  const std::set<int> before = inherited();
  born_open = 0;
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("wmpush_" + std::string(test.name()) + std::to_string(::getpid()));
  {
    pubpoint::Settings settings;
    settings.record = folder;
    pubpoint::Server server{settings};
    wmpush_options options;
    wmpush_options_init(&options);
    struct Seen {
      std::set<int> before;
      int lines = 0;
      bool open = false;
    } seen{before};
    options.log_opaque = &seen;
    options.log = [](void* to, wmpush_log_level, const char*) {
      auto& each = *static_cast<Seen*>(to);
      ++each.lines;
      each.open = each.open || inherited() != each.before;
    };
    PushSink sink(options);
    ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
    EXPECT_EQ(inherited(), before);
    ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
    ASSERT_TRUE(server.wait_for([&] { return !server.sessions().empty(); }));
    EXPECT_EQ(inherited(), before);
    EXPECT_EQ(sink.EndSession(), Result::S_OK);
    EXPECT_GT(seen.lines, 0);
    EXPECT_FALSE(seen.open);
  }
  std::filesystem::remove_all(folder);
  EXPECT_EQ(born_open, 0);
}

TEST(Inheritance, NoSignalIsHandledInTheThreadThatResolvesAName) {
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  lookups = 0;
  signals_reach_lookup = false;
  pubpoint::Server server{pubpoint::Settings{}};
  PushSink sink;
  ASSERT_EQ(sink.Connect("wmpush://localhost:" + std::to_string(server.port()) + "/live"),
            Result::S_OK);
  EXPECT_EQ(lookups, 1);
  EXPECT_FALSE(signals_reach_lookup);
  sigset_t after;
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (int number = 1; number < NSIG; ++number)
    EXPECT_EQ(sigismember(&after, number), sigismember(&before, number)) << number;
}

}  // namespace
}  // namespace wmpush::test
