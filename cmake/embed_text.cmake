# cmake -D FROM=… -D TO=… -D FUNCTION=… -D ROOM=… -D HEADER=…
#   -P embed_text.cmake
# Writes the C++ source file TO of ROOM, whose FUNCTION answers the text of FROM.
file(READ "${FROM}" text)
string(FIND "${text}" ")embedded\"" end)
if(NOT end EQUAL -1)
  message(FATAL_ERROR "${FROM} holds the end of a raw string")
endif()
set(code [[
#include "@HEADER@"

namespace cofferdam::@ROOM@ {

std::string_view @FUNCTION@() {
  static constexpr std::string_view kText = R"embedded(@text@)embedded";
  return kText;
}

}  // namespace cofferdam::@ROOM@
]])
string(CONFIGURE "${code}" code @ONLY)
file(WRITE "${TO}" "${code}")
