#include "wmhttp/send_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wmpush::wmhttp {
namespace {

std::string text_of(SendQueue& queue) {
  std::string text;
  for (const Bytes part : queue.view()) text += as_text(part);
  return text;
}

TEST(SendQueue, KeepsTheOrderOfWhatWasCopiedAndLent) {
  SendQueue queue;
  const std::string lent = "lent";
  queue.copy(as_bytes("own "));
  queue.lend(as_bytes(lent));
  queue.copy(as_bytes(" again"));
  EXPECT_EQ(text_of(queue), "own lent again");
  EXPECT_EQ(queue.size(), 14u);
}

TEST(SendQueue, GivesWhatLiesTogetherAsOnePiece) {
  SendQueue queue;
  const std::string lent = "abcdef";
  queue.copy(as_bytes("1"));
  queue.copy(as_bytes("2"));
  queue.lend(as_bytes(lent).first(2));
  queue.lend(as_bytes(lent).subspan(2, 2));
  EXPECT_EQ(queue.view().size(), 2u);
  queue.lend(as_bytes(lent).subspan(5));
  EXPECT_EQ(queue.view().size(), 3u);
  EXPECT_EQ(text_of(queue), "12abcdf");
}

TEST(SendQueue, ForgetsWhatIsGoneHoweverItGoes) {
  const std::string lent = "0123456789";
  for (std::size_t step = 1; step < 15; ++step) {
    SendQueue queue;
    queue.copy(as_bytes("head"));
    queue.lend(as_bytes(lent));
    std::string seen;
    while (!queue.empty()) {
      const std::string left = text_of(queue);
      seen += left.substr(0, step);
      queue.consume(step);
    }
    EXPECT_EQ(seen, "head0123456789");
    EXPECT_EQ(queue.consumed(), 14u);
    EXPECT_EQ(queue.size(), 0u);
  }
}

TEST(SendQueue, CountsWhatWasAddedAndNotWhatWasDropped) {
  SendQueue queue;
  queue.copy(as_bytes("12345"));
  queue.consume(2);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.queued(), 2u);
  queue.copy(as_bytes("678"));
  EXPECT_EQ(queue.queued(), 5u);
  EXPECT_EQ(text_of(queue), "678");
}

TEST(SendQueue, AddsNothingForNothing) {
  SendQueue queue;
  queue.copy({});
  queue.lend({});
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.view().empty());
}

}  // namespace
}  // namespace wmpush::wmhttp
