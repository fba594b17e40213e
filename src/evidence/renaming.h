#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace cofferdam::evidence {

// Which name of a document stands for which name of an output, when somebody
// renamed them one to one. Of the output's names a hash of 8 bits is known, so
// two of them may look the same; of the document's, all is.
//
// The majority decides: of all pairs the most frequent are believed, and what
// contradicts them does not, so that one strange line costs no more than
// itself.
class Renaming {
 public:
  // First all pairs are counted, ...
  void Count(uint8_t output, uint64_t document);
  // ... then the renaming is settled, ...
  void Settle();

  // ... and each pair agrees with it or not, in the order of the texts.
  enum class Agreement {
    kNew,         // the name comes for the first time
    kAgain,       // it stood here before
    kSameHash,    // new, but another name already stands for that hash
    kContradicts  // another name would have to stand here
  };
  struct Answer {
    Agreement agreement = Agreement::kContradicts;
    size_t names_ago = 0;  // of kAgain: other names since, at most kRecentMax
  };
  static constexpr size_t kRecentMax = 32;
  Answer Compare(uint8_t output, uint64_t document);

 private:
  struct Pair {
    uint64_t document = 0;
    uint8_t output = 0;
    uint32_t count = 0;
  };
  struct Name {
    uint8_t output = 0;
    bool second = false;  // not the first document's name for that hash
    bool seen = false;
  };
  std::vector<Pair> pairs_;
  std::unordered_map<uint64_t, Name> names_;  // by the document's
  std::vector<uint64_t> recent_;              // the last one first
};

}  // namespace cofferdam::evidence
