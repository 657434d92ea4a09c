#include "core/failure.hpp"

#include <exception>
#include <new>
#include <string_view>

namespace wmpush {
namespace {

Error with_message(Error error, std::string_view message) noexcept {
  try {
    error.message = message;
  } catch (const std::exception&) {
    error.message = kOutOfMemory;
  }
  return error;
}

}  // namespace

Error current_failure() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return with_message({Result::E_OUTOFMEMORY, 0, 0, {}}, kOutOfMemory);
  } catch (const std::exception& exception) {
    return with_message({Result::E_FAIL, 0, 0, {}}, exception.what());
  } catch (...) {
    return with_message({Result::E_FAIL, 0, 0, {}}, "an exception of unknown type");
  }
}

Error copy_of(const Error& error) noexcept {
  return with_message({error.result, error.http_status, error.system_error, {}}, error.message);
}

}  // namespace wmpush
