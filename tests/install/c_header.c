/* The public C header, as a C99 compiler sees it that takes the standard at its word. */
#include <string.h>
#include <wmpush/wmpush.h>

int main(void) {
  wmpush_options options;
  size_t count = 0;
  wmpush_options_init(&options);
  while (wmpush_option_at(count)) ++count;
  return !(options.size == sizeof options && count > 0 &&
           strcmp(wmpush_version(), WMPUSH_VERSION) == 0 && WMPUSH_SUCCEEDED(WMPUSH_S_FALSE) &&
           WMPUSH_FAILED(WMPUSH_E_FAIL));
}
