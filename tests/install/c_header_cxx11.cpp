// The public C header, as a C++11 compiler sees it.
#include <wmpush/wmpush.h>

#include <cstring>

int main() {
  wmpush_options options;
  size_t count = 0;
  wmpush_options_init(&options);
  while (wmpush_option_at(count)) ++count;
  return !(options.size == sizeof options && count > 0 &&
           std::strcmp(wmpush_version(), WMPUSH_VERSION) == 0 && WMPUSH_SUCCEEDED(WMPUSH_S_FALSE) &&
           WMPUSH_FAILED(WMPUSH_E_FAIL));
}
