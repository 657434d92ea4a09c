# The warnings of a development build. Boost is a system include: its own are not ours. At -O3 gcc 12
# warns of its own std::string, so that there they are no errors.
add_library(wmpush_warnings INTERFACE)
if(WMPUSH_DEVELOPER)
  target_compile_options(wmpush_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow
                                                   $<$<NOT:$<CONFIG:Release>>:-Werror>)
endif()
