#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What commits that an agent makes are asked to carry: a line "Key: value"
// whose value may hold {tool}, {model} and {session}.
namespace cofferdam::policy {

// Of a trailer's form. Of a name that is put in; what is beyond is cut off.
inline constexpr size_t kTrailerBytesMax = 500;
inline constexpr size_t kTrailerNameBytesMax = 256;

// What is wrong with a form, as half a sentence; empty if nothing is.
std::string WrongTrailer(std::string_view form);

struct TrailerNames {
  std::string_view tool;
  std::string_view model;
  std::string_view session;
};

// A form that is not wrong, with names put in: always one line, whatever they
// hold. What a name holds is not looked at for further names.
std::string FillTrailer(std::string_view form, const TrailerNames& names);

}  // namespace cofferdam::policy
