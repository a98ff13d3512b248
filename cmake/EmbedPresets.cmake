# SPDX-License-Identifier: Apache-2.0
# cmake -D OUT=presets.cpp -D "FILES=a.toml;b.toml" -P EmbedPresets.cmake: the files as one C++ array, so that the
# binary stands alone. Run at build time whenever one of them changes.
set(entries "")
list(SORT FILES)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"preset(${text})preset\"},\n")
endforeach()
file(WRITE ${OUT} "// Made from deploy/presets by cmake/EmbedPresets.cmake.
#include \"config/presets.h\"

namespace sallyport::config {
namespace {

constexpr Preset kPresets[] = {
${entries}};

}  // namespace

std::span<const Preset> presets() { return kPresets; }

}  // namespace sallyport::config
")
