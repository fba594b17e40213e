#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "evidence/origin.h"
#include "fingerprint/index.h"

namespace cofferdam::blame {

// What an index holds of one repository: the outputs whose origin names it, or
// names none and a path in its work tree. Immutable; any threads.
class RepositoryOutputs {
 public:
  struct Output {
    uint32_t segment = 0;  // ordinal in the index
    uint32_t output = 0;   // ordinal in the segment
    evidence::Origin origin;
  };

  // Looks at every descriptor of the index, most of them only for the
  // repository's name. `repository` is "host/path", `root` the work tree's
  // absolute path; either may be empty. kCorrupt where the index is damaged.
  static Result<RepositoryOutputs> List(const fingerprint::Index& index,
                                        std::string_view repository,
                                        std::string_view root);

  const std::vector<Output>& all() const { return outputs_; }
  // Ordinals in all() of what was written to `path`, which is in the
  // repository, by rising time.
  std::vector<uint32_t> WrittenTo(std::string_view path) const;
  // The same of what was written to a path with the same last two names, as a
  // rewritten history leaves of it ("src/net/a.go" for "lib/net/a.go").
  std::vector<uint32_t> WrittenNear(std::string_view path) const;
  // The ordinal in all(); SIZE_MAX where it is another repository's.
  size_t Find(uint32_t segment, uint32_t output) const;
  // When the first exchange of the whole index was received, microseconds since
  // 1970 UTC; 0 where none says it.
  int64_t first_exchange_micros() const { return first_exchange_micros_; }

 private:
  using IsMeant = bool (*)(std::string_view path,
                           std::string_view in_repository,
                           std::string_view root);
  std::vector<uint32_t> Named(std::string_view path, IsMeant is_meant) const;

  std::vector<Output> outputs_;
  // By the last name of the path.
  std::unordered_multimap<std::string, uint32_t> by_name_;
  std::unordered_map<uint64_t, uint32_t> by_place_;
  std::string root_;
  int64_t first_exchange_micros_ = 0;
};

}  // namespace cofferdam::blame
