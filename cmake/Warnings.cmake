# The warnings of a development build. Boost is a system include: its own are not ours.
add_library(wmpush_warnings INTERFACE)
if(WMPUSH_DEVELOPER)
  target_compile_options(wmpush_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
endif()
