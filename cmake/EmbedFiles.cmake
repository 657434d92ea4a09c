# Writes files into a C++ source, each with its media type and a hash for its ETag:
# cmake -DOUTPUT=assets.cpp "-DFILES=page.css;page.js" -P EmbedFiles.cmake

cmake_minimum_required(VERSION 3.25)

set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_txt "text/plain; charset=utf-8")
set(type_svg "image/svg+xml")

set(table "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  string(SUBSTRING ${extension} 1 -1 extension)
  if(NOT type_${extension})
    message(FATAL_ERROR "${file}: what is the media type of .${extension}?")
  endif()
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  file(READ ${file} content HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" content "${content}")
  # A line of the source for 24 bytes.
  string(REPEAT "." 96 line)
  string(REGEX REPLACE "(${line})" "\\1\"\n     \"" content "${content}")
  # Not a literal alone: a file may have a zero in it.
  string(APPEND table "    {\"/${name}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\",\n     "
                      "\"${content}\"sv},\n")
endforeach()

file(WRITE ${OUTPUT} "// Made by cmake/EmbedFiles.cmake.
#include \"pubpoint/web/assets.hpp\"

#include <algorithm>
#include <iterator>

namespace wmpush::pubpoint {
namespace {

using namespace std::literals;

constexpr Asset kAssets[] = {
${table}};

}  // namespace

const Asset* find_asset(std::string_view path) {
  const auto* const found = std::ranges::find(kAssets, path, &Asset::path);
  return found == std::end(kAssets) ? nullptr : found;
}

}  // namespace wmpush::pubpoint
")
