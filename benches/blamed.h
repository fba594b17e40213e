#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

// What `cofferdam blame --json` says of lines.
namespace cofferdam::bench {

struct BlamedAs {
  std::string as = "unknown";  // "model", "mixed", "human" or "unknown"
  std::string model;           // of its origin, if it has one
};

// Path and number from 1.
using BlamedLines = std::map<std::pair<std::string, int64_t>, BlamedAs>;

// Ends the bench when it is not JSON of that kind.
BlamedLines ReadBlamed(std::string_view json);

}  // namespace cofferdam::bench
