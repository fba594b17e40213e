#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "corpus/rewrite.h"
#include "corpus/tree.h"
#include "policy/verdict.h"
#include "scan/edit_list.h"

namespace cofferdam::scan {

// Lines of blobs that may not be used (docs/formats/mask.md): what `cofferdam
// blame --export mask` writes, or another program.

inline constexpr size_t kMaskBytesMax = size_t{1} << 30;
inline constexpr size_t kMaskLineBytesMax = size_t{64} << 20;

class LineMask {
 public:
  // kInvalid naming the line that is no row of a mask.
  static Result<LineMask> Parse(std::string_view text,
                                std::string_view file_name);

  // What has to change in the text files below `paths` whose bytes are a blob
  // of the mask, whatever they are called. Reads every file. Files of records
  // and archives are left as they are.
  Result<std::vector<corpus::RecordEdit>> EditsOf(
      const std::vector<std::string>& paths, const corpus::TreeLimits& limits,
      const EditList::Options& options) const;

  size_t blobs() const { return blobs_.size(); }

 private:
  struct Row {
    policy::Verdict verdict = policy::Verdict::kForbidden;
    std::vector<std::pair<uint32_t, uint32_t>> ranges;  // from 1, inclusive
  };
  std::map<std::string, std::vector<Row>, std::less<>> blobs_;
};

// Both, with those of one record as one.
std::vector<corpus::RecordEdit> JoinEdits(std::vector<corpus::RecordEdit> a,
                                          std::vector<corpus::RecordEdit> b);

}  // namespace cofferdam::scan
