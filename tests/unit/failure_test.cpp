#include "core/failure.hpp"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

namespace wmpush {
namespace {

template <typename Thrown>
Error failure_of(const Thrown& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return current_failure();
  }
}

TEST(Failure, OfAnExceptionHasAResultAndItsWords) {
  EXPECT_EQ(failure_of(std::bad_alloc()).result, Result::E_OUTOFMEMORY);
  EXPECT_EQ(failure_of(std::bad_alloc()).message, kOutOfMemory);
  EXPECT_EQ(failure_of(std::runtime_error("broken")).result, Result::E_FAIL);
  EXPECT_EQ(failure_of(std::runtime_error("broken")).message, "broken");
  EXPECT_EQ(failure_of(7).result, Result::E_FAIL);
}

TEST(Failure, IsCopiedWhole) {
  const Error error{Result::NS_E_TIMEOUT, 408, 110, std::string("one\0two", 7)};
  const Error copy = copy_of(error);
  EXPECT_EQ(copy.result, error.result);
  EXPECT_EQ(copy.http_status, error.http_status);
  EXPECT_EQ(copy.system_error, error.system_error);
  EXPECT_EQ(copy.message, error.message);
}

}  // namespace
}  // namespace wmpush
