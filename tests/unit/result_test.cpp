#include "wmpush/result.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(Result, IsDescribedByNameAndValue) {
  EXPECT_EQ(describe(Result::S_OK), "S_OK (0x00000000)");
  EXPECT_EQ(describe(Result::NS_E_NOCONNECTION), "NS_E_NOCONNECTION (0xC00D0005)");
  EXPECT_EQ(describe(Result::NS_E_CONNECTION_FAILURE), "NS_E_CONNECTION_FAILURE (0xC00D0029)");
  EXPECT_EQ(name(static_cast<Result>(0x12345)), "unknown HRESULT");
}

TEST(Result, TellsFailureFromSuccess) {
  EXPECT_TRUE(succeeded(Result::S_OK));
  EXPECT_TRUE(succeeded(Result::S_FALSE));
  EXPECT_TRUE(failed(Result::E_FAIL));
  EXPECT_FALSE(Error{});
}

}  // namespace
}  // namespace wmpush
