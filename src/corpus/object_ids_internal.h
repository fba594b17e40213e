#pragma once

#include <git2.h>

#include <array>
#include <cstring>
#include <string>

namespace cofferdam::corpus {

// Ids of git's objects as keys of a map.
struct ObjectIdHash {
  size_t operator()(const git_oid& id) const {
    size_t hash;  // of a hash
    std::memcpy(&hash, id.id, sizeof(hash));
    return hash;
  }
};
struct ObjectIdEqual {
  bool operator()(const git_oid& a, const git_oid& b) const {
    return git_oid_equal(&a, &b) != 0;
  }
};

inline std::string Hexadecimal(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ + 1> hex;
  return git_oid_tostr(hex.data(), hex.size(), &id);
}

}  // namespace cofferdam::corpus
