// The writer does everything in order, takes no more than it may, and never makes anyone wait.
#include "pubpoint/record/writer.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace wmpush::pubpoint {
namespace {

TEST(RecordingWriter, DoesEverythingInOrderBeforeItEnds) {
  std::vector<int> done;
  {
    Writer writer(1000);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(writer.hand(0, [&done, i] { done.push_back(i); }));
  }
  ASSERT_EQ(done.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(RecordingWriter, TakesNoMoreThanItMay) {
  std::promise<void> go, there, empty;
  Writer writer(100);
  ASSERT_TRUE(writer.hand(60, [&] {
    there.set_value();
    go.get_future().wait();
  }));
  there.get_future().wait();
  EXPECT_TRUE(writer.hand(40, [] {}));
  EXPECT_FALSE(writer.hand(1, [] {})) << "what is being done counts, too";
  EXPECT_TRUE(writer.hand(0, [&] { empty.set_value(); }));
  go.set_value();
  empty.get_future().wait();
  EXPECT_TRUE(writer.hand(100, [] {}));
}

TEST(RecordingWriter, IsLeftBehindWhenItIsStuck) {
  struct Shared {
    std::promise<void> go, done;
  };
  const auto shared = std::make_shared<Shared>();
  {
    Writer writer(100);
    writer.hand(1, [shared] { shared->go.get_future().wait(); });
    writer.hand(1, [shared] { shared->done.set_value(); });
  }
  shared->go.set_value();
  shared->done.get_future().wait();
}

}  // namespace
}  // namespace wmpush::pubpoint
